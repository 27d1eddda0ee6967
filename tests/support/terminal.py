"""What the terminal shows of records."""

import io

from rich.console import Console

from benchmark.records.failures import Failure
from benchmark.records.record import Record
from benchmark.report import terminal
from benchmark.report.campaign import Campaign


def shown(records: list[Record], failures: list[Failure] | None = None, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), no_color=True)
    terminal.show(Campaign.of(records), console, failures or [])
    return console.file.getvalue()  # type: ignore[attr-defined]
