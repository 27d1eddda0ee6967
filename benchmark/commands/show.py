"""`promptnoise show`: one run, explained."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmark import show
from benchmark.records.store import Store


@dataclass(frozen=True)
class Options:
    """Explain the record of a run: what it was, what it reached, and how to do it again."""

    run: str
    """The run's key, or its first digits."""

    out: Path = Path("results")
    """The results folder."""


def main(options: Options) -> int:
    """Prints one record."""
    store = Store(options.out)
    show.show(store.find(options.run), store, Console())
    return 0
