"""`balanced_pair`: as `balanced`, with images of the next class; JoAPR (CVPR 2024)."""

from __future__ import annotations

import numpy as np

from datamodules.noise import Context, Noisy
from datamodules.noise._swaps import swap

ALSO_CALLED = ("pair", "pairflip")


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Replaces int(rate K) of the K drawn images of each class i by images of class (i + 1) mod C.

    The labels stay and the images change, so the observed classes stay balanced; no image is used twice.
    Raises DataError: a class that would have to give more images than it has.

    >>> context = Context(indices=np.array([0, 1, 4, 5]), pool=np.array([0, 0, 0, 0, 1, 1, 1, 1]), classes=2)
    >>> noisy = corrupt(context, rate=0.5, seed=1)
    >>> noisy.labels.tolist(), context.pool[noisy.indices].tolist()
    ([0, 0, 1, 1], [0, 1, 1, 0])
    """
    following = (np.arange(context.classes) + 1) % context.classes
    return swap(context, rate, seed, lambda round_: following)
