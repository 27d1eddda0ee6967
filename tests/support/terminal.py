"""What the terminal shows of records."""

import io

from rich.console import Console

from benchmark.analysis.results import Results
from benchmark.records.failures import Failure
from benchmark.records.record import Record
from benchmark.report import terminal


def shown(records: list[Record], failures: list[Failure] | None = None, width: int = 100) -> str:
    console = Console(width=width, file=io.StringIO(), no_color=True)
    terminal.show(Results.of(records), console, failures or [])
    return console.file.getvalue()  # type: ignore[attr-defined]
