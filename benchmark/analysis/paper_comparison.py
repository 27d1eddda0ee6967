"""A paper's cells: ours, theirs, the difference, and what others got who ran the paper's code again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from benchmark.plan.axes import phrase
from benchmark.plan.paper_runs import Cell
from benchmark.published.papers import reported
from benchmark.published.protocols import Paper
from benchmark.records.record import Record

COLUMNS = ["dataset", "noise", "rate", "shots", "backbone", "paradigm", "method", "trained", "recipe", "ours", "std",
           "seeds", "theirs", "difference", "rerun", "remark"]  # fmt: skip


def comparison(
    paper: Paper, cells: Iterable[Cell], records: Iterable[Record], reasons: Mapping[str, str]
) -> pd.DataFrame:
    """One row per cell, with `COLUMNS`: means over seeds in percent, `difference` is ours minus theirs in points.

    `reasons` says by the key of a run why it has no record; `remark` says what is missing or not certain.
    """
    done = {record.key: record for record in records}
    return pd.DataFrame([_row(paper, cell, done, reasons) for cell in cells], columns=COLUMNS)


def place(row: Any) -> str:
    """What the rows of one block share, in a few words."""
    return phrase({name: getattr(row, name) for name in ("dataset", "noise", "paradigm", "backbone")})


def _row(paper: Paper, cell: Cell, done: Mapping[str, Record], reasons: Mapping[str, str]) -> tuple[Any, ...]:
    point = cell.point
    scores = [done[run.key].score for run in cell.runs if run.key in done]
    ours = pd.Series(scores, dtype=float)
    theirs, again = (reported(point, files) for files in (paper.theirs, paper.reruns))
    mean, other = ours.mean(), theirs.accuracy if theirs else None
    lacking = [reasons.get(run.key, "not run") for run in cell.runs if run.key not in done]
    remarks = [found.remark for found in (theirs, again) if found and found.remark]
    if not cell.runs:
        remarks.append("this method does not run under this paradigm")
    elif lacking:
        part = "" if not scores else f"{len(lacking)} of {len(cell.runs)} seeds "
        remarks.append(f"missing: {part}{', '.join(dict.fromkeys(lacking))}")
    run = cell.runs[0] if cell.runs else None
    return (
        *(run.encoder if run and name == "backbone" else getattr(point, name) for name in COLUMNS[:6]), point.label,
        run.method if run else point.method, run.recipe if run else point.recipe, mean, ours.std(),
        len(scores), other, mean - other if other is not None else None, again.accuracy if again else None,
        "; ".join(dict.fromkeys(remarks)),
    )  # fmt: skip
