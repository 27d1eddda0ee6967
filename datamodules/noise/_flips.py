"""Label flips in one order per seed, shared by all kinds and rates."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Labels
from datamodules.noise import Context, Noisy, count
from datamodules.seeds import rng


def flip(context: Context, rate: float, seed: int, targets: Labels) -> Noisy:
    """Replaces exactly int(rate N) of the labels [N], anywhere in the draw, by `targets` [N].

    The order of flips depends on the seed only, so different kinds flip the same images.
    """
    order = rng(seed, "noise: order of flips").permutation(len(context.indices))
    flipped = order[: count(rate, len(order))]
    labels = context.labels.copy()
    labels[flipped] = targets[flipped]
    return Noisy(context.indices, labels.astype(np.int64))
