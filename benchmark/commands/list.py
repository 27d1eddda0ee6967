"""`promptnoise list`: methods, data sets and kinds of noise, and what is ready."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmark.plan import catalog
from benchmark.plan.options import DATA
from datamodules import catalog as data_catalog
from datamodules import noise


@dataclass(frozen=True)
class Options:
    """Show methods with their options, data sets with what is missing, and kinds of label noise."""

    data: Path = DATA
    """Folder of real data sets, laid out as for CoOp."""


def main(options: Options) -> int:
    """Prints three tables."""
    console = Console()
    table = Table("method", "options", "what it is", title="methods", title_justify="left")
    for info in catalog.methods().values():
        defaults = ", ".join(f"{name}={option.shown}" for name, option in info.options.items())
        table.add_row(*map(escape, (info.name, defaults, info.summary)))
    console.print(table)
    for line in catalog.unreadable():
        console.print(f"left out: {line}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    table = Table("data set", "state", title="data sets", title_justify="left")
    for name in data_catalog.known():
        table.add_row(name, escape(data_catalog.status(name, options.data)))
    console.print(table)
    console.print("kinds of label noise:", ", ".join(noise.known()))
    return 0
