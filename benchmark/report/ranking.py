"""Average ranks of methods over data sets, and which differences of ranks mean anything."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from benchmark.report.leaderboard import SETTING

#: With fewer data sets Friedman's chi-square is no approximation.
FEWEST_BLOCKS = 5


@dataclass(frozen=True)
class Ranking:
    """Average ranks of methods over data sets (1 is best), Friedman's p, and Nemenyi's critical difference at 5 %.

    Two methods whose average ranks differ by less than `critical_difference` cannot be told apart.
    """

    terms: tuple[str, ...]
    datasets: int
    ranks: dict[str, float]
    friedman_p: float
    critical_difference: float


def rankings(board: pd.DataFrame) -> list[Ranking]:
    """One per kind of noise and setting that has enough data sets, over the mean of the noisy rates.

    Only methods with every cell take part; it takes three of them and `FEWEST_BLOCKS` data sets.
    """
    found = []
    for group, rows in board[board["rate"] != 0].groupby(["noise", *SETTING], sort=True):
        table = rows.pivot_table(index="dataset", columns="method", values="mean", aggfunc="mean")
        counts = rows.pivot_table(index="dataset", columns="method", values="mean", aggfunc="size", fill_value=0)
        table = table.loc[:, (counts == counts.to_numpy().max()).all()]
        if len(table) >= FEWEST_BLOCKS and table.shape[1] >= 3:
            ranks = table.round(6).rank(axis=1, ascending=False).mean().sort_values(kind="stable")
            p = stats.friedmanchisquare(*(table[method] for method in table)).pvalue
            distance = critical_difference(table.shape[1], len(table))
            found.append(Ranking(tuple(map(str, group)), len(table), ranks.to_dict(), float(p), distance))
    return found


def critical_difference(methods: int, datasets: int, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of average ranks, after Demšar (JMLR 7, 2006)."""
    q = stats.studentized_range.isf(alpha, methods, np.inf) / math.sqrt(2)
    return float(q * math.sqrt(methods * (methods + 1) / (6 * datasets)))
