"""A paper's cells in the terminal: ours, theirs, the difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmark import screen
from benchmark.analysis.paper_comparison import place
from benchmark.plan.method_names import printed
from benchmark.published.protocols import Paper
from benchmark.screen import Screen
from datamodules.names import number_of

_NAMES = {"rate": "wrong", "shots": "shots"}
_NUMBERS: dict[str, Callable[[Any], str]] = {"rate": lambda rate: f"{100 * rate:g} %", "shots": str}


def show(paper: Paper, table: pd.DataFrame, console: Screen) -> None:
    """Prints the cells, what they come to, and the known differences between the paper's runs and ours."""
    columns = [column for column in ("rate", "shots") if table[column].nunique() > 1]
    head = ("method", *(_NAMES[column] for column in columns), "ours", "theirs", "difference", "re-run", "")
    places = [place(row) for row in table.itertuples(index=False)]
    there = table.groupby(places)["ours"].transform("count") > 0
    for shared, block in table[there].groupby(np.array(places)[there], sort=False):
        rows = (_row(row, columns) for row in block.itertuples(index=False))
        console.print(screen.table(head, rows, str(shared)))
    absent = table[~there]
    for why, cells in absent.groupby(absent["remark"].str.split("missing: ").str[-1], sort=False):
        console.say(f"missing: {why}: {number_of(len(cells), 'cell')} of {', '.join(dict.fromkeys(cells['dataset']))}")
    for line in (_summary(table), *(f"differs: {note}" for note in paper.notes), f"source: {paper.source}"):
        console.say(line)


def _row(row: Any, columns: Sequence[str]) -> tuple[str, ...]:
    """The texts of a cell's row."""
    ours = _number(row.ours) if pd.isna(row.std) else f"{row.ours:.2f} ± {row.std:.2f}"
    where = (_NUMBERS[column](getattr(row, column)) for column in columns)
    values = _number(row.theirs), _number(row.difference, "+.2f"), _number(row.rerun)
    return printed(row.method), *where, ours, *values, row.remark


def _summary(table: pd.DataFrame) -> str:
    missing = int(table["ours"].isna().sum())
    text = f"{number_of(len(table), 'cell')}, {len(table) - missing} of ours there, {missing} missing"
    for whose, gaps in (("the paper", table["difference"]), ("a re-run", table["ours"] - table["rerun"])):
        if len(gaps := gaps.dropna()):
            size = f"mean difference {gaps.mean():+.2f}, mean size {gaps.abs().mean():.2f} points"
            text += f"; {len(gaps)} compared with {whose}: {size}"
    return text


def _number(value: float | None, style: str = ".2f") -> str:
    return "-" if value is None or pd.isna(value) else format(value, style)
