"""`matrix`: labels flip as a transition matrix from a file says; e.g. Patrini et al. 2017, arXiv:1609.03683."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Labels
from datamodules.errors import DataError
from datamodules.noise import Context, Floats, Noisy
from datamodules.noise._flips import order_of_flips
from datamodules.noise._transition import plain, read_matrix
from datamodules.seeds import rng

OWN_RATE = True


def check(file: str = "") -> None:
    """Reads the file before anything runs.

    Raises DataError: no file, one that cannot be read, or one that is no transition matrix.
    """
    if not file:
        raise DataError("'matrix' noise needs a table of true by given classes: matrix[file=T.csv]")
    read_matrix(file)


def corrupt(context: Context, rate: None, seed: int, file: str = "") -> Noisy:
    """Gives the n images of a true class y the label c in n T[y, c] cases, rounded down or up; T [C, C] is `file`.

    The rate is T's own: over seeds, the mean count of each pair of classes is exactly n T[y, c], and the number of
    wrong labels of a class is that of n (1 - T[y, y]), rounded down or up. The images of a class go wrong in the order
    of all kinds that flip, and of two matrices that with the smaller T[y, y] makes the same ones wrong, and more.

    The file is a CSV table of numbers from 0 to 1, true classes in rows that sum to 1 (to 0.001, and are scaled to it).
    Its first line may name the classes of the columns, and then the first column those of the rows, in any order;
    without names, classes are in the data set's order. A table of shares of all images, which sums to 1 as a whole (an
    audit's `confusion.csv`), is divided by its rows' sums. Raises DataError: what `check` raises, or a matrix of other
    classes than the data set's.
    """
    shares = _of_classes(file, context)
    order = order_of_flips(context, seed)
    labels = context.labels.copy()
    for label in np.unique(context.labels):
        own = order[context.labels[order] == label]
        labels[own] = _apportioned(shares[label], int(label), len(own), seed)
    return Noisy(context.indices, labels)


def _apportioned(shares: Floats, label: int, n: int, seed: int) -> Labels:
    """n labels with the shares [C], those other than `label` first, by systematic sampling: points i + u with one u."""
    draw = rng(seed, "noise: matrix", label)
    start, others = draw.random(), draw.permutation(np.delete(np.arange(len(shares)), label))
    ends = np.round(n * np.cumsum(shares[others]), 9)  # so that 16 x 0.5 is 8, whatever the order of summands
    places = np.searchsorted(ends, np.arange(n) + start, side="right")
    chosen: Labels = np.append(others, label)[places].astype(np.int64)
    return chosen


def _of_classes(file: str, context: Context) -> Floats:
    """The matrix [C, C] in the order of the data set's classes."""
    names, shares = read_matrix(file)
    if len(shares) != context.classes:
        raise DataError(f"{file} is of {len(shares)} classes; this data set has {context.classes}")
    asked = [plain(name) for name in context.names]
    if not names or asked == list(names):
        return shares
    if strange := sorted(set(names).difference(asked)):
        raise DataError(f"{file} names the class {strange[0]!r}, which this data set does not have")
    places = [names.index(name) for name in asked]
    ordered: Floats = shares[np.ix_(places, places)]
    return ordered
