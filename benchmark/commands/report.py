"""`promptnoise report`: tables, statistics, pictures and the page, from records alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmark.report import make as report


@dataclass(frozen=True)
class Options:
    """Make leaderboard, tables, statistics, plots and report.html of a results folder from its records."""

    out: Path = Path("results")
    """The results folder."""

    reference: str = "coop"
    """The method that the others are compared with, run by run."""


def main(options: Options) -> int:
    """Writes everything and names it."""
    console = Console()
    with console.status("reading records") as status:
        made = report.make(options.out, options.reference, lambda what: status.update(f"making {what}"))
    for problem in made.problems:
        console.print(problem, style="yellow", markup=False, soft_wrap=True)
    console.print(f"{len(made.files)} files written; open {options.out / 'report.html'}", soft_wrap=True)
    return 0
