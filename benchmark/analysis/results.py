"""What is read of a results folder once, and passed on to tables, statistics, pictures and the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from benchmark.analysis.comparable import comparable
from benchmark.analysis.identical import identical
from benchmark.analysis.leaderboard import board_of, rows_of
from benchmark.errors import BadInput
from benchmark.records.record import Record
from datamodules.names import number_of


@dataclass(frozen=True)
class Results:
    """Records that may stand in one table, what was left out, and the tables that all others are made of.

    `seen` is `leaderboard.rows_of` of the records, and `board` their `leaderboard.leaderboard`.
    """

    records: tuple[Record, ...]
    problems: tuple[str, ...]
    seen: pd.DataFrame
    board: pd.DataFrame

    @classmethod
    def of(cls, records: Iterable[Record], problems: Sequence[str] = ()) -> Results:
        """Of what `Store.load` returns."""
        kept, others = comparable(records)
        seen = rows_of(kept)
        return cls(tuple(kept), (*problems, *others), seen, board_of(seen))

    def doubts(self) -> list[str]:
        """Sentences on why numbers of these tables may mislead: mixed hardware, methods with identical numbers."""
        hardware = mixed_hardware(self.records)
        return [hardware] * bool(hardware) + identical(self.records, self.seen)


def of_methods(records: Sequence[Record], methods: Sequence[str]) -> list[Record]:
    """The records of these methods, of all where none is named. Raises BadInput: There are none of one."""
    there = sorted({record.run.method for record in records})
    if missing := [method for method in methods if method not in there]:
        raise BadInput(f"there are no runs of {missing[0]}; there are of {', '.join(there) or 'no method'}")
    return [record for record in records if record.run.method in methods or not methods]


def mixed_hardware(records: Iterable[Record]) -> str:
    """A sentence that names the devices of the runs where they differ; empty where all ran on one kind."""
    counts = Counter(record.device or "an unnamed device" for record in records)
    if len(counts) < 2:
        return ""
    named = ", ".join(f"{number_of(count, 'run')} on {device}" for device, count in sorted(counts.items()))
    return f"Mixed hardware: {named}. Other devices round otherwise, so that small differences may come from them."
