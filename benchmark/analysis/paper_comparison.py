"""A paper's cells: ours, theirs, the difference, and what others got who ran the paper's code again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from benchmark.plan.paper_runs import Cell
from benchmark.published.papers import Published, architecture, published
from benchmark.published.protocols import Paper, Point
from benchmark.records.record import Record

COLUMNS = ["dataset", "noise", "rate", "shots", "backbone", "paradigm", "method", "trained", "recipe", "ours", "std",
           "seeds", "theirs", "difference", "rerun", "remark"]  # fmt: skip


def beside(paper: Paper, cells: Iterable[Cell], records: Iterable[Record], reasons: Mapping[str, str]) -> pd.DataFrame:
    """One row per cell, with `COLUMNS`: means over seeds in percent, `difference` is ours minus theirs in points.

    `reasons` says by the key of a run why it has no record; `remark` says what is missing or not certain.
    """
    done = {record.key: record for record in records}
    return pd.DataFrame([_row(paper, cell, done, reasons) for cell in cells], columns=COLUMNS)


def place(row: Any) -> str:
    """What the rows of one block share, in a few words."""
    parts = [row.dataset, "" if row.noise == "none" else f"{row.noise} noise", row.paradigm, row.backbone]
    return ", ".join(part for part in parts if part and part != "fewshot")


def _row(paper: Paper, cell: Cell, done: Mapping[str, Record], reasons: Mapping[str, str]) -> tuple[Any, ...]:
    point = cell.point
    scores = [done[run.key].score for run in cell.runs if run.key in done]
    ours = pd.Series(scores, dtype=float)
    theirs, again = (_reported(point, files) for files in (paper.theirs, paper.reruns))
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
        point.dataset, point.noise, point.rate, point.shots, run.encoder if run else point.backbone, point.paradigm,
        point.label, run.method if run else point.method, run.recipe if run else point.recipe, mean, ours.std(),
        len(scores), other, mean - other if other is not None else None, again.accuracy if again else None,
        "; ".join(dict.fromkeys(remarks)),
    )  # fmt: skip


def _reported(point: Point, files: Sequence[str]) -> Published | None:
    """The number of a cell in these files, whatever weights ours were trained on."""
    paradigm = "fewshot" if point.paradigm == "ul" else point.paradigm
    for other in published():
        if (
            other.file in files
            and (other.method, other.dataset, other.rate) == (point.label, point.dataset, point.rate)
            and (point.rate == 0 or other.noise == point.noise)
            and (other.backbone, other.paradigm) == (architecture(point.backbone), paradigm)
            and other.shots in (point.shots, None)
        ):
            return other
    return None
