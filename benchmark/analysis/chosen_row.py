"""The row `chosen` of the leaderboard: in each cell, what noisy validation takes; no method, and without a rank."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from benchmark import PROTOCOL
from benchmark.analysis.columns import over_seeds
from benchmark.analysis.leaderboard import HEADER
from benchmark.analysis.learning_rates import last_noisy_val
from benchmark.analysis.selection import by_seed, highest
from benchmark.plan.axes import CELL
from benchmark.records.record import Record

CHOSEN = "chosen"
#: How tables name what is not a method, below the methods, and what they say of it.
ROWS = (CHOSEN, "regret")
NOTE = (
    "chosen: no method, but what noisy validation, without clean labels, would have taken (no rank); "
    "regret: its points below the best of the cell"
)
#: Cells where fewer methods have a noisy validation have no such row.
FEWEST = 3


@dataclass(frozen=True)
class Chosen:
    """What noisy validation would have taken: mean and standard deviation over seeds, percent, and regret in points."""

    mean: float
    std: float | None
    regret: float


def choices(records: Iterable[Record], seen: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """One row per cell of a leaderboard with its columns and `regret`: method CHOSEN, no rank.

    `seen` and `board` are `observations` and `leaderboard` of the records. Noisy validation, mean over seeds, chooses
    one method for all seeds of a cell; `mean` and `std` are of its accuracies, and of methods with the same noisy
    validation of their means, as if one were drawn. `regret` is what `mean` lacks to the best of the cell, in points.
    """
    validations = {record.key: last_noisy_val(record) for record in records}
    marked = seen.assign(noisy_val=seen["key"].map(validations).astype(float)).dropna(subset=["noisy_val"])
    taken, values = [marked[:0]], []
    for _, own in marked.groupby(CELL, dropna=False, sort=True):
        test, validation = by_seed(own)
        if test.shape[1] >= FEWEST:
            methods = highest(validation.mean())
            scores = test[methods].mean(axis=1)
            taken.append(own[own["method"].isin(methods)])
            values.append((round(scores.mean(), 6), scores.std(), len(scores)))
    table = over_seeds(pd.concat(taken).assign(method=CHOSEN), [*CELL, "method"])
    mean, std, seeds = zip(*values, strict=True) if values else ((), (), ())
    table = table.assign(labels="given", mean=mean, std=std, seeds=seeds, rank=math.nan, protocol=PROTOCOL)
    best = board.groupby(CELL, dropna=False)["mean"].max().rename("best").reset_index()
    found = table.merge(best, on=CELL, how="left").assign(regret=lambda rows: rows["best"] - rows["mean"])
    chosen: pd.DataFrame = found[HEADER]
    return chosen


def joined(board: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """A leaderboard with a choice at the end of each cell that has one."""
    if chosen.empty:
        return board
    both: pd.DataFrame = pd.concat([board.assign(regret=float("nan")), chosen])
    return both.sort_values(CELL, kind="stable").reset_index(drop=True)


def split(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The methods of a leaderboard that was read from a file, and the choices."""
    no_method = (table["method"] == CHOSEN) & table["rank"].isna()
    return table[~no_method].reset_index(drop=True), table[no_method].reset_index(drop=True)


def cells(chosen: pd.DataFrame, datasets: int) -> dict[float, Chosen]:
    """The choices of one kind of noise and setting by rate, averaged where all of so many data sets have one.

    Such a mean over data sets has no spread.
    """
    found = {}
    for rate in chosen["rate"].unique():
        own = chosen[chosen["rate"].isna() if math.isnan(rate) else chosen["rate"] == rate]
        std = own["std"].mean() if datasets == 1 else math.nan
        if own["dataset"].nunique() == datasets:
            mean, regret = float(own["mean"].mean()), float(own["regret"].mean())
            found[float(rate)] = Chosen(mean, None if math.isnan(std) else float(std), regret)
    return found
