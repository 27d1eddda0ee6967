"""Average ranks of methods over data sets, with Friedman's test and Nemenyi's critical difference."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy

from benchmark.plan.axes import SETTING

#: With fewer data sets the chi-square approximation of Friedman's test is poor.
FEWEST_BLOCKS = 5


@dataclass(frozen=True)
class Ranking:
    """Average ranks of methods over data sets (1 is best), Friedman's p, and Nemenyi's critical difference at 5 %.

    Two methods whose average ranks differ by less than `critical_difference` do not differ significantly.
    """

    terms: tuple[str, ...]
    datasets: int
    ranks: dict[str, float]
    friedman_p: float
    critical_difference: float


def rankings(board: pd.DataFrame) -> list[Ranking]:
    """One ranking per kind of noise and setting, by the mean accuracy over the rates above 0.

    Only methods with every cell are ranked; fewer than three of them or than `FEWEST_BLOCKS` data sets give none.

    >>> cell = dict(noise="symmetric", rate=0.5, epochs=9, shots=8, recipe="x", backbone="b", paradigm="fewshot")
    >>> means = {"ce": 50.0, "coop": 60.0, "gce": 70.0}
    >>> rows = [cell | dict(dataset=d, method=m, mean=mean) for d in "abcde" for m, mean in means.items()]
    >>> rankings(pd.DataFrame(rows))[0].ranks
    {'gce': 1.0, 'coop': 2.0, 'ce': 3.0}
    """
    found = []
    for group, rows in board[board["rate"] != 0].groupby(["noise", *SETTING], sort=True):
        table = rows.pivot_table("mean", "dataset", "method")
        counts = pd.crosstab(rows["dataset"], rows["method"])
        table = table.loc[:, (counts == counts.to_numpy().max()).all()]
        if len(table) >= FEWEST_BLOCKS and table.shape[1] >= 3:
            ranks = table.round(6).rank(axis=1, ascending=False).mean().sort_values(kind="stable")
            p = scipy.stats.friedmanchisquare(*(table[method] for method in table)).pvalue
            distance = critical_difference(table.shape[1], len(table))
            found.append(Ranking(tuple(map(str, group)), len(table), ranks.to_dict(), float(p), distance))
    return found


def critical_difference(methods: int, datasets: int, alpha: float = 0.05) -> float:
    """Nemenyi's critical difference of average ranks at level `alpha` (Demšar, JMLR 7, 2006).

    >>> round(critical_difference(methods=4, datasets=14), 2)
    1.25
    """
    q = scipy.stats.studentized_range.isf(alpha, methods, np.inf) / math.sqrt(2)
    return float(q * math.sqrt(methods * (methods + 1) / (6 * datasets)))
