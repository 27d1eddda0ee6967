"""Curves of several runs, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray


def mean_curve(curves: Sequence[Sequence[float | None]]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Means over curves [epochs], NaN where none has a value, and of how many values each is [epochs].

    >>> mean_curve([[1.0, None, 5.0], [3.0]])
    (array([ 2., nan,  5.]), array([2, 0, 1]))
    """
    longest = max(map(len, curves), default=0)
    table = np.array([*zip_longest(*curves)], float).reshape(longest, len(curves)).T.copy()  # None becomes NaN
    known = ~np.isnan(table)
    count = known.sum(0)
    return np.where(count > 0, np.where(known, table, 0.0).sum(0) / np.maximum(count, 1), np.nan), count
