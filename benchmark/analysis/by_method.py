"""Summary of the leaderboard per method: mean over data sets, average rank, worst drop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from benchmark.analysis.leaderboard import rate_name
from benchmark.plan.axes import CELL, SETTING

COLUMNS = ["noise", *SETTING, "method", "datasets", "cells", "missing", "mean", "mean_clean", "mean_noisiest",
           "noisiest_rate", "average_rank", "worst_drop", "worst_drop_dataset"]  # fmt: skip

#: Standard deviation over seeds and their number, by table, method and rate.
Spreads = Mapping[tuple[Any, ...], tuple[float, int]]


def summary(board: pd.DataFrame) -> pd.DataFrame:
    """One row per kind of noise, setting and method, best average rank first, with `COLUMNS`.

    `mean`, `mean_clean` (rate 0) and `mean_noisiest` (the highest rate, or the measured one) are accuracies in percent,
    averaged over the method's cells; `missing` counts the cells that other methods have and this one lacks, so that its
    means are not comparable. `worst_drop` is the largest drop from rate 0 to that rate on one data set, in points.
    """
    rows = []
    for group, part in board.groupby(["noise", *SETTING], sort=True):
        cells = part[CELL].drop_duplicates()
        measured = part["rate"].isna()
        highest = part[measured]["realised"].mean() if measured.any() else part["rate"].max()
        noisiest = part[measured if measured.any() else part["rate"] == highest]
        lines = [
            (*group, method, *_line(own, len(cells), noisiest, highest))
            for method, own in part.groupby("method", sort=True)
        ]
        rows += sorted(lines, key=lambda line: (line[COLUMNS.index("average_rank")], line[COLUMNS.index("method")]))
    table: pd.DataFrame = pd.DataFrame(rows, columns=COLUMNS)
    return table


def spreads(seen: pd.DataFrame) -> Spreads:
    """Of each method's mean over data sets its standard deviation over seeds (n - 1, NaN for one), and their number.

    The keys are kind of noise, `SETTING`, method and `rate_name`. A seed counts where the method has all data sets.
    `seen` is the table of `leaderboard.rows_of`.
    """
    table = ["noise", *SETTING]
    rows = seen.assign(wanted=seen.groupby(table)["dataset"].transform("nunique"), rate=seen["rate"].map(rate_name))
    each = rows.groupby([*table, "method", "rate", "seed"]).agg(
        {"accuracy": "mean", "dataset": "nunique", "wanted": "first"}
    )
    whole = (
        each[each["dataset"] == each["wanted"]]["accuracy"].groupby([*table, "method", "rate"]).agg(["std", "count"])
    )
    return {tuple(key): (std, int(count)) for key, std, count in zip(whole.index, *whole.to_numpy().T, strict=True)}


def _line(rows: pd.DataFrame, cells: int, highest: pd.DataFrame, rate: float) -> tuple[object, ...]:
    clean = rows[rows["rate"] == 0].set_index("dataset")["mean"]
    noisiest = rows[rows.index.isin(highest.index)].set_index("dataset")["mean"]
    drops = clean.iloc[:0] if rate == 0 else (clean - noisiest).dropna()
    worst = (drops.max(), drops.idxmax()) if len(drops) else (float("nan"), "")
    counts = (rows["dataset"].nunique(), len(rows), cells - len(rows))
    return (*counts, rows["mean"].mean(), clean.mean(), noisiest.mean(), rate, rows["rank"].mean(), *worst)
