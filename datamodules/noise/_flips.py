"""Label flips in one order per seed, shared by all kinds and rates."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Labels
from datamodules.noise import Context, Noisy, count
from datamodules.seeds import rng


def order_of_flips(context: Context, seed: int) -> Labels:
    """The order [N] in which images go wrong, by the seed alone, so that different kinds flip the same images."""
    return rng(seed, "noise: order of flips").permutation(len(context.indices))


def flip(context: Context, rate: float, order: Labels, targets: Labels) -> Noisy:
    """Replaces exactly int(rate n) of the labels of the n drawn images in `order`, the first ones, by `targets` [N]."""
    flipped = order[: count(rate, len(order))]
    labels = context.labels.copy()
    labels[flipped] = targets[flipped]
    return Noisy(context.indices, labels.astype(np.int64))
