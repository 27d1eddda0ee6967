"""Leaderboard to readable tables: methods down, noise rates across, one block per data set and kind of noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.report.leaderboard import SETTING

MISSING = "-"
MARKS = {
    "†": "some of these runs diverged",
    "‡": "some of these runs collapsed: nearly uniform predictions, right on training images by chance only",
}


@dataclass(frozen=True)
class Cell:
    """A mean and standard deviation over seeds in percent (None where there is none), how many runs went wrong and how.

    `place` is 1 for the best of its column as shown, to two decimals, 2 for the next; equal values share a place.
    """

    mean: float
    std: float | None
    diverged: int
    collapsed: int
    place: int

    @property
    def marks(self) -> str:
        """Signs that `Block.notes` explains."""
        return "†" * bool(self.diverged) + "‡" * bool(self.collapsed)


@dataclass(frozen=True)
class Block:
    """The cells of one table by (method, column); a run that is missing has no cell.

    `dataset` is None for the mean over all data sets, which has no spread, and where a method that lacks a data set
    has no cell, since its mean would not compare.
    """

    noise: str
    setting: tuple[int, str, str, str]
    epochs: str
    dataset: str | None
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]

    @property
    def name(self) -> str:
        """The data set, or of how many data sets this is the mean."""
        return self.dataset or f"mean of {len(self.datasets)} data sets"

    @property
    def terms(self) -> str:
        """Kind of noise and setting, for a heading."""
        shots, recipe, backbone, paradigm = self.setting
        extra = "" if paradigm == "fewshot" else f", {paradigm}"
        kind = "no" if self.noise == "none" else self.noise
        return f"{kind} noise, {backbone}, {shots} shots, recipe {recipe}, {self.epochs} epochs{extra}"

    @property
    def notes(self) -> list[str]:
        """What the marks of its cells mean."""
        marks = "".join(cell.marks for cell in self.cells.values())
        return [f"{mark} {meaning}" for mark, meaning in MARKS.items() if mark in marks]

    def drop(self, method: str) -> float | None:
        """Points lost from no wrong labels to the highest rate; None where either is missing."""
        rates = [column for column in self.columns if column != "measured"]
        first, last = (self.cells.get((method, rate)) for rate in (rates[0], rates[-1])) if rates else (None, None)
        return first.mean - last.mean if first and last and rates[0] == "0" and len(rates) > 1 else None


def blocks(board: pd.DataFrame) -> Iterator[Block]:
    """For each kind of noise and setting: one block per data set, then their mean if there are several.

    Methods stand in one order throughout, best average rank first.
    """
    for group, rows in board.groupby(["noise", *SETTING], sort=True):
        noise, shots, recipe, backbone, paradigm = map(str, group)
        setting = (int(shots), recipe, backbone, paradigm)
        names = tuple(sorted(rows["dataset"].unique()))
        methods = tuple(rows.groupby("method")["rank"].mean().round(6).sort_values(kind="stable").index)
        for dataset in names:
            part = rows[rows["dataset"] == dataset]
            yield Block(noise, setting, _epochs(part), dataset, names, methods, _columns(part), _cells(part))
        if len(names) > 1:
            yield Block(
                noise, setting, _epochs(rows), None, names, methods, _columns(rows), _cells(_mean(rows, len(names)))
            )


def rate_name(rate: float) -> str:
    """A noise rate as a column's name: "0.25", or "measured" where nobody asked for a rate."""
    return "measured" if math.isnan(rate) else f"{rate:g}"


def _epochs(rows: pd.DataFrame) -> str:
    """How long runs were trained, which a recipe may have hang on the data set."""
    return " or ".join(map(str, sorted(rows["epochs"].unique())))


def _columns(rows: pd.DataFrame) -> tuple[str, ...]:
    rates = sorted(rows["rate"].unique(), key=lambda rate: (math.isnan(rate), rate))
    return tuple(rate_name(rate) for rate in rates)


def _mean(rows: pd.DataFrame, datasets: int) -> pd.DataFrame:
    table = (
        rows.groupby(["method", "rate"], dropna=False)
        .agg(
            mean=("mean", "mean"),
            diverged=("diverged", "sum"),
            collapsed=("collapsed", "sum"),
            datasets=("dataset", "nunique"),
        )
        .reset_index()
    )
    complete: pd.DataFrame = table[table["datasets"] == datasets].assign(std=float("nan"))
    return complete


def _cells(rows: pd.DataFrame) -> dict[tuple[str, str], Cell]:
    shown = rows.assign(column=[rate_name(rate) for rate in rows["rate"]])
    shown["place"] = shown["mean"].round(2).groupby(shown["column"]).rank(ascending=False, method="dense")
    rows_shown: Any = shown[["method", "column", "mean", "std", "diverged", "collapsed", "place"]].itertuples(
        index=False
    )
    return {
        (row.method, row.column): Cell(
            row.mean, None if math.isnan(row.std) else row.std, row.diverged, row.collapsed, int(row.place)
        )
        for row in rows_shown
    }
