"""`promptnoise readme`: the committed results, and the README's table made from them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmark import readme
from benchmark.errors import BadInput
from benchmark.report import make as report


@dataclass(frozen=True)
class Options:
    """Rewrite the README's result table from results/reference, which `publish` renews from a finished campaign."""

    publish: str = ""
    """A results folder whose tables and pictures become the reference first."""

    pictures: bool = True
    """Whether pictures are published beside the tables."""

    reference: Path = Path("results/reference")
    """The committed results."""

    readme: Path = Path("README.md")
    """The page that holds the table."""

    check: bool = False
    """Change nothing; fail if the README does not show the reference."""


def main(options: Options) -> int:
    """Says whether anything changed."""
    console = Console()
    if options.check:
        if readme.is_current(options.readme, options.reference):
            return 0
        raise BadInput(f"{options.readme} does not show {options.reference}; run `make readme`")
    if options.publish:
        report.publish(Path(options.publish), options.reference, options.pictures)
    changed = readme.rewrite(options.readme, options.reference)
    console.print(f"{options.readme} {'rewritten' if changed else 'was up to date'}")
    return 0
