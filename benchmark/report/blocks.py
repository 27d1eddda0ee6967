"""Leaderboard to readable tables: methods down, noise rates across, one block per data set and kind of noise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmark.analysis.columns import SHOWN, in_brackets, marks, notes
from benchmark.analysis.leaderboard import rate_name
from benchmark.plan.axes import SETTING, setting_phrase
from benchmark.plan.method_names import family
from benchmark.plan.short_names import percent, short_names, short_noise
from benchmark.report.palette import MOST, ZERO_SHOT
from datamodules.formats.labellings import AUDITED

MISSING = "-"


@dataclass(frozen=True)
class Cell:
    """A mean and standard deviation over seeds in percent (None where there is none), and what is shown with them.

    `rank` is 1 for the best of its column as shown, to two decimals, 2 for the next; equal values share a rank. `more`
    has the values of `columns.SHOWN`: how many runs went wrong, accuracies of parts of the classes. `error` is the
    standard error of the mean over seeds, also of a mean over data sets; None with one seed.
    """

    mean: float
    std: float | None
    rank: int
    more: Mapping[str, float | None]
    error: float | None

    @property
    def marks(self) -> str:
        """Signs that `Block.notes` explains."""
        return marks(self.more)

    @property
    def in_brackets(self) -> str:
        """Other numbers in brackets."""
        return in_brackets(self.more)


@dataclass(frozen=True)
class Block:
    """The cells of one table by (method, column); a run that is missing has no cell.

    `dataset` is None for the mean over all data sets, which has no spread, and where a method that lacks a data set
    has no cell, since its mean would not compare. `name` is the data set's short name, or says of how many data sets
    this is the mean. `ranks` are average ranks over the cells of the leaderboard that the block shows. `measured` is
    the fraction of wrong labels, 0 to 1, of the column "measured"; None where it is not known. `backbone` is its short
    name. `changed` is the fraction of given labels that an audit has changed.
    """

    noise: str
    setting: tuple[Any, ...]
    epochs: str
    dataset: str | None
    name: str
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    ranks: Mapping[str, float]
    measured: float | None
    backbone: str = ""
    changed: float | None = None

    @property
    def terms(self) -> str:
        """Kind of noise and setting, for a heading."""
        kind = "no noise" if self.noise == "none" else f"{short_noise(self.noise)} noise"
        kind = "labels as given and audited" if self.is_audited else kind
        epochs = f", {self.epochs} epochs" if self.epochs else " (each method's own)"
        return f"{kind}, {setting_phrase(self.setting, self.backbone, epochs)}"

    @property
    def notes(self) -> list[str]:
        """What the marks of its cells mean."""
        return notes([cell.more for cell in self.cells.values()])

    def rate(self, column: str) -> float | None:
        """The noise rate of a column, 0 to 1; None where it was to be measured and is not known."""
        return self.measured if column == "measured" else float(column)

    @property
    def is_audited(self) -> bool:
        """Whether these are labels as given and as an audit corrected them; nobody knows how many are wrong."""
        return self.noise == f"human[labels={AUDITED}]"

    def label(self, column: str) -> str:
        """A column's name in a table with the rates below: "25 %", "measured", or "as given" and "audited"."""
        if self.is_audited:
            return "audited" if column == "measured" else "as given"
        return column if column == "measured" else percent(float(column))

    def beneath(self, column: str) -> str:
        """What is known of wrong labels in a column, beyond its name."""
        if self.is_audited:
            return "" if column == "measured" or self.changed is None else f"about {100 * self.changed:.0f} % wrong"
        return percent(self.measured) if column == "measured" else ""

    def heading(self, column: str) -> str:
        """A column's name with what is known: "0.25", "0.406 (measured)", "as given (about 14 % wrong)"."""
        if self.is_audited:
            more = self.beneath(column)
            return f"{self.label(column)} ({more})" if more else self.label(column)
        return column if column != "measured" or self.measured is None else f"{round(self.measured, 3):g} (measured)"

    def change(self, method: str) -> float | None:
        """The drop, or what was gained by an audit; None where either is missing."""
        drop = self.drop(method)
        return -drop if drop and self.is_audited else drop

    def drop(self, method: str) -> float | None:
        """Points lost from no wrong labels to the highest or the measured rate; None where either is missing."""
        first, last = (self.cells.get((method, self.columns[i])) for i in (0, -1)) if self.columns else (None, None)
        return first.mean - last.mean if first and last and self.columns[0] == "0" and len(self.columns) > 1 else None


def blocks(board: pd.DataFrame) -> Iterator[Block]:
    """For each kind of noise and setting: one block per data set, then their mean if there are several.

    Methods stand in one order throughout: by family, in a family the best average rank first.
    """
    short, towers = (short_names(sorted(board[axis].unique())) for axis in ("dataset", "backbone"))
    group: Any
    for group, rows in board.groupby(["noise", *SETTING], sort=True):
        noise, *setting = group
        rows = rows.assign(error=rows["std"] / rows["seeds"] ** 0.5)
        backbone = setting[SETTING.index("backbone")]
        names = tuple(sorted(rows["dataset"].unique()))
        methods = tuple(sorted(by_rank(rows), key=family))
        parts: list[tuple[str | None, str, pd.DataFrame, pd.DataFrame]] = [
            (dataset, short[dataset], part, part) for dataset in names for part in [rows[rows["dataset"] == dataset]]
        ]
        if len(names) > 1:
            parts.append((None, f"mean of {len(names)} data sets", rows, _mean(rows, len(names))))
        for dataset, name, part, shown in parts:
            yield Block(
                noise, tuple(setting), _epochs(part), dataset, name, names, methods, _columns(part), _cells(shown),
                _ranks(part), _measured(part), towers[backbone],
                _known(part[part["rate"] == 0]["realised"].mean()),
            )  # fmt: skip


def by_rank(rows: pd.DataFrame) -> tuple[str, ...]:
    """The methods in these rows of a leaderboard, best average rank first."""
    return tuple(sorted(ranks := _ranks(rows), key=lambda method: (round(ranks[method], 6), method)))


def in_colour(board: pd.DataFrame) -> list[str]:
    """The methods that a picture of these rows shows in colour: the `MOST` best by average rank, and zero-shot."""
    ranked = by_rank(board)
    return [*[method for method in ranked if method != ZERO_SHOT][:MOST], *[m for m in ranked if m == ZERO_SHOT]]


def _epochs(rows: pd.DataFrame) -> str:
    """How long runs were trained, which a recipe may have hang on the data set; empty where it hangs on the method."""
    return " or ".join(str(number) for number in sorted(rows["epochs"].unique()) if number)


def _columns(rows: pd.DataFrame) -> tuple[str, ...]:
    rates = sorted(rows["rate"].unique(), key=lambda rate: (math.isnan(rate), rate))
    return tuple(rate_name(rate) for rate in rates)


def _mean(rows: pd.DataFrame, datasets: int) -> pd.DataFrame:
    how: dict[str, Any] = {name: (name, how) for name, how in {"mean": "mean", **SHOWN}.items()}
    grouped = rows.groupby(["method", "rate"], dropna=False)
    table = grouped.agg(
        datasets=("dataset", "nunique"), error=("error", lambda own: np.linalg.norm(own) / len(own)), **how
    ).reset_index()
    complete: pd.DataFrame = table[table["datasets"] == datasets].assign(std=float("nan"))
    return complete


def _cells(rows: pd.DataFrame) -> dict[tuple[str, str], Cell]:
    columns = [rate_name(rate) for rate in rows["rate"]]
    ranks = rows["mean"].round(2).groupby(columns).rank(ascending=False, method="dense")
    more = [{name: _known(value) for name, value in values.items()} for values in rows[[*SHOWN]].to_dict("records")]
    errors = map(_known, rows["error"])
    shown = zip(rows["method"], columns, rows["mean"], map(_known, rows["std"]), ranks, more, errors, strict=True)
    return {(method, column): Cell(mean, std, int(rank), *more) for method, column, mean, std, rank, *more in shown}


def _ranks(rows: pd.DataFrame) -> dict[str, float]:
    """Average ranks by method, over all cells of the leaderboard in these rows."""
    return {str(method): float(rank) for method, rank in rows.groupby("method")["rank"].mean().items()}


def _measured(rows: pd.DataFrame) -> float | None:
    return _known(rows[rows["rate"].isna()]["realised"].mean())


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
