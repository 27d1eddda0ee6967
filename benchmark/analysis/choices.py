"""What noisy validation, without clean labels, takes in each cell of a leaderboard: no method, and without a rank."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd

from benchmark import PROTOCOL
from benchmark.analysis.columns import over_seeds
from benchmark.analysis.leaderboard import CHOSEN, HEADER
from benchmark.analysis.learning_rates import last_noisy_val
from benchmark.analysis.selection import by_seed
from benchmark.plan.axes import CELL
from benchmark.records.record import Record

#: Cells where fewer methods have a noisy validation have no choice.
FEWEST = 3


def choices(records: Iterable[Record], seen: pd.DataFrame, board: pd.DataFrame) -> pd.DataFrame:
    """One row per cell of a leaderboard with its columns, `best` and `regret`: method CHOSEN, no rank.

    `seen` and `board` are `rows_of` and `leaderboard` of the records. Noisy validation, mean over seeds, chooses
    one method for all seeds of a cell; `mean` and `std` are of its accuracies, and of methods with the same noisy
    validation of their means, as if one were drawn. `best` is the highest mean of the cell, and `regret` what `mean`
    lacks to it, in points.
    """
    validations = {record.key: last_noisy_val(record) for record in records}
    marked = seen.assign(noisy_val=seen["key"].map(validations).astype(float)).dropna(subset=["noisy_val"])
    taken, values = [marked[:0]], []
    for _, own in marked.groupby(CELL, dropna=False, sort=True):
        test, validation = by_seed(own)
        if test.shape[1] >= FEWEST:
            means = validation.mean()
            methods = means.index[means == means.max()]  # several where it is the same
            scores = test[methods].mean(axis=1)
            taken.append(own[own["method"].isin(methods)])
            values.append((round(scores.mean(), 6), scores.std(), len(scores)))
    table = over_seeds(pd.concat(taken).assign(method=CHOSEN), [*CELL, "method"])
    mean, std, seeds = zip(*values, strict=True) if values else ((), (), ())
    table = table.assign(labels="given", mean=mean, std=std, seeds=seeds, rank=math.nan, protocol=PROTOCOL)
    best = board.groupby(CELL, dropna=False)["mean"].max().rename("best").reset_index()
    found = table.merge(best, on=CELL, how="left").assign(regret=lambda rows: rows["best"] - rows["mean"])
    chosen: pd.DataFrame = found[[*HEADER, "best", "regret"]]
    return chosen
