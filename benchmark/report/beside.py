"""A paper's cells: ours, theirs, the difference, and what others got who ran the paper's code again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from rich.console import Console

from benchmark.plan.paper_runs import Cell
from benchmark.published.papers import Published, architecture, published
from benchmark.published.protocols import Paper, Point
from benchmark.records.record import Record

COLUMNS = ["dataset", "noise", "rate", "shots", "backbone", "paradigm", "method", "trained", "recipe", "ours", "std",
           "seeds", "theirs", "difference", "rerun", "remark"]  # fmt: skip
_NAMES = {"rate": "wrong", "shots": "shots"}
_NUMBERS: dict[str, Callable[[Any], str]] = {"rate": lambda rate: f"{100 * rate:g} %", "shots": str}


def beside(paper: Paper, cells: Iterable[Cell], records: Iterable[Record], reasons: Mapping[str, str]) -> pd.DataFrame:
    """One row per cell, with `COLUMNS`: means over seeds in percent, `difference` is ours minus theirs in points.

    `reasons` says by the key of a run why it has no record; `remark` says what is missing or not certain.
    """
    done = {record.key: record for record in records}
    return pd.DataFrame([_row(paper, cell, done, reasons) for cell in cells], columns=COLUMNS)


def show(paper: Paper, table: pd.DataFrame, console: Console) -> None:
    """Prints the cells, what they come to, and the known differences between the paper's runs and ours."""
    columns = [column for column in ("rate", "shots") if table[column].nunique() > 1]
    names = ("method", *(_NAMES[column] for column in columns), "ours", "theirs", "difference", "re-run", "")
    rows: list[Any] = list(table.itertuples(index=False))
    lines = [
        (row.method, *(_NUMBERS[column](getattr(row, column)) for column in columns), *_values(row)) for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(names, *lines, strict=True)]
    aligned = [
        "  ".join(cell.rjust(width) if 0 < i < len(widths) - 1 else cell.ljust(width) for i, (cell, width) in each)
        for line in (names, *lines)
        for each in [enumerate(zip(line, widths, strict=True))]
    ]
    console.print(aligned[0].rstrip(), style="bold", highlight=False, markup=False, soft_wrap=True)
    blocks: dict[str, list[str]] = {}
    for row, line in zip(rows, aligned[1:], strict=True):
        blocks.setdefault(_place(row), []).append(line.rstrip())
    for place, block in blocks.items():
        console.print(place, style="bold cyan", highlight=False, markup=False, soft_wrap=True)
        for line in block:
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    for line in (_summary(table), *(f"differs: {note}" for note in paper.notes), f"source: {paper.source}"):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _values(row: Any) -> tuple[str, ...]:
    ours = _number(row.ours) if pd.isna(row.std) else f"{row.ours:.2f} ± {row.std:.2f}"
    return ours, _number(row.theirs), _number(row.difference, "+.2f"), _number(row.rerun), row.remark


def _place(row: Any) -> str:
    """What the rows of one block share, in a few words."""
    parts = [row.dataset, "" if row.noise == "none" else f"{row.noise} noise", row.paradigm, row.backbone]
    return ", ".join(part for part in parts if part and part != "fewshot")


def _summary(table: pd.DataFrame) -> str:
    missing = int(table["ours"].isna().sum())
    text = f"{len(table)} cells, {len(table) - missing} of ours there, {missing} missing"
    for whose, gaps in (("the paper", table["difference"]), ("a re-run", table["ours"] - table["rerun"])):
        if len(gaps := gaps.dropna()):
            size = f"mean difference {gaps.mean():+.2f}, mean size {gaps.abs().mean():.2f} points"
            text += f"; {len(gaps)} compared with {whose}: {size}"
    return text


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


def _number(value: float | None, style: str = ".2f") -> str:
    return "-" if value is None or pd.isna(value) else format(value, style)
