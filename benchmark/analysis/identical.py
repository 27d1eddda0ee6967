"""Methods whose numbers are the same in every run that they share: an override or an option that is not used."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from benchmark.plan.axes import CELL
from benchmark.plan.method_names import printed
from benchmark.records.record import Record

#: With fewer runs equal numbers may be chance.
FEWEST = 3


def identical(records: Iterable[Record], seen: pd.DataFrame) -> list[str]:
    """A sentence for each set of methods that have the same numbers, to the digit, in all cells and seeds they share.

    The numbers are accuracy, after each epoch and for each class, and calibration error. Runs that diverged or
    collapsed do not count. `seen` is `leaderboard.rows_of` of the records.
    """
    numbers = {r.key: _numbers(r) for r in records if r.status == "ok" and not r.collapsed}
    rows = seen[seen["key"].isin(numbers)].drop_duplicates([*CELL, "seed", "method"])
    places = rows.groupby([*CELL, "seed"], dropna=False).ngroup()
    by_method = {
        str(method): dict(zip(places[own.index], own["key"], strict=True)) for method, own in rows.groupby("method")
    }
    left, lines = list(by_method), []
    while left:
        first = left.pop(0)
        same = {other: runs for other in left if (runs := _same(by_method[first], by_method[other], numbers))}
        left = [method for method in left if method not in same]
        if same:
            *others, last = map(printed, [first, *same])
            names = f"{', '.join(others)} and {last}"
            lines.append(
                f"{names} have identical numbers in all {max(same.values())} runs that they share: "
                "is an override or an option not used?"
            )
    return lines


def _same(one: dict[int, str], other: dict[int, str], numbers: dict[str, Any]) -> int:
    """In how many runs two methods have the same numbers, from their keys by cell and seed; 0 if one differs."""
    shared = one.keys() & other.keys()
    if any(numbers[one[place]] != numbers[other[place]] for place in shared):
        return 0
    runs = max(len({own[place] for place in shared}) for own in (one, other))
    return runs if runs >= FEWEST else 0


def _numbers(record: Record) -> tuple[Any, ...]:
    return record.accuracy, record.ece, record.per_class_accuracy, tuple(record.curves.get("test_accuracy", ()))
