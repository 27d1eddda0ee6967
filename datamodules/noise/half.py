"""`half`: labels of every second class flip to the next class, and those of the others stay."""

from __future__ import annotations

import numpy as np

from datamodules.noise import Context, Noisy, count
from datamodules.seeds import rng

NEEDS: frozenset[str] = frozenset()


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Flips exactly int(rate n) of the n labels of classes 0, 2, 4, ... from y to (y + 1) mod C.

    About rate / 2 of all labels are wrong then, and how often a label is wrong depends on its class.

    >>> context = Context(indices=np.arange(6), pool=np.array([0, 0, 1, 1, 2, 2]), classes=3)
    >>> corrupt(context, rate=0.5, seed=1).labels.tolist()
    [1, 0, 1, 1, 0, 2]
    """
    order = rng(seed, "noise: order of flips").permutation(len(context.indices))
    own = order[context.labels[order] % 2 == 0]
    flipped = own[: count(rate, len(own))]
    labels = context.labels.copy()
    labels[flipped] = (labels[flipped] + 1) % context.classes
    return Noisy(context.indices, labels.astype(np.int64))
