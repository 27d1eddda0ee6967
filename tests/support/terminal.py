"""What the terminal shows of records."""

import io

from benchmark.analysis.results import Results
from benchmark.records.failures import Failure
from benchmark.records.record import Record
from benchmark.report import terminal
from benchmark.screen import Screen


def shown(records: list[Record], failures: list[Failure] | None = None, width: int = 100) -> str:
    console = Screen(width=width, file=io.StringIO(), no_color=True)
    terminal.show(Results.of(records), console, failures or [])
    return console.file.getvalue()  # type: ignore[attr-defined]
