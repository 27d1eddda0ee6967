"""A paper's cells in the terminal: ours, theirs, the difference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from benchmark.analysis.paper_comparison import place
from benchmark.plan.method_names import printed
from benchmark.published.protocols import Paper
from benchmark.screen import Screen

_NAMES = {"rate": "wrong", "shots": "shots"}
_NUMBERS: dict[str, Callable[[Any], str]] = {"rate": lambda rate: f"{100 * rate:g} %", "shots": str}


def show(paper: Paper, table: pd.DataFrame, console: Screen) -> None:
    """Prints the cells, what they come to, and the known differences between the paper's runs and ours."""
    columns = [column for column in ("rate", "shots") if table[column].nunique() > 1]
    names = ("method", *(_NAMES[column] for column in columns), "ours", "theirs", "difference", "re-run", "")
    rows: list[Any] = list(table.itertuples(index=False))
    lines = [
        (printed(row.method), *(_NUMBERS[column](getattr(row, column)) for column in columns), *_values(row))
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(names, *lines, strict=True)]
    aligned = [
        "  ".join(cell.rjust(width) if 0 < i < len(widths) - 1 else cell.ljust(width) for i, (cell, width) in each)
        for line in (names, *lines)
        for each in [enumerate(zip(line, widths, strict=True))]
    ]
    console.say(aligned[0].rstrip(), "bold")
    blocks: dict[str, list[str]] = {}
    for row, line in zip(rows, aligned[1:], strict=True):
        blocks.setdefault(place(row), []).append(line.rstrip())
    for shared, block in blocks.items():
        console.say(shared, "bold cyan")
        for line in block:
            console.say(line)
    for line in (_summary(table), *(f"differs: {note}" for note in paper.notes), f"source: {paper.source}"):
        console.say(line)


def _values(row: Any) -> tuple[str, ...]:
    ours = _number(row.ours) if pd.isna(row.std) else f"{row.ours:.2f} ± {row.std:.2f}"
    return ours, _number(row.theirs), _number(row.difference, "+.2f"), _number(row.rerun), row.remark


def _summary(table: pd.DataFrame) -> str:
    missing = int(table["ours"].isna().sum())
    text = f"{len(table)} cells, {len(table) - missing} of ours there, {missing} missing"
    for whose, gaps in (("the paper", table["difference"]), ("a re-run", table["ours"] - table["rerun"])):
        if len(gaps := gaps.dropna()):
            size = f"mean difference {gaps.mean():+.2f}, mean size {gaps.abs().mean():.2f} points"
            text += f"; {len(gaps)} compared with {whose}: {size}"
    return text


def _number(value: float | None, style: str = ".2f") -> str:
    return "-" if value is None or pd.isna(value) else format(value, style)
