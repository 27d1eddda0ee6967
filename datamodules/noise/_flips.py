"""What the kinds of noise share: which images are flipped, in one order for all kinds and rates of a seed."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Labels
from datamodules.noise import Context, Noisy, count
from datamodules.seeds import rng


def flip(context: Context, rate: float, seed: int, targets: Labels) -> Noisy:
    """Give `targets` [N] to exactly int(rate N) of the drawn images, anywhere in the draw.

    The order in which images are flipped depends on the seed only, so kinds are paired image by image, too.
    """
    order = rng(seed, "noise: order of flips").permutation(len(context.indices))
    flipped = order[: count(rate, len(order))]
    labels = context.labels.copy()
    labels[flipped] = targets[flipped]
    return Noisy(context.indices, labels.astype(np.int64))
