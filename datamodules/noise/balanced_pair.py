"""`balanced_pair`: as `balanced`, with false images from the next class; JoAPR (CVPR 2024)."""

from __future__ import annotations

import numpy as np

from datamodules.noise import Context, Noisy
from datamodules.noise._swaps import swap

NEEDS: frozenset[str] = frozenset()


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """In each class i of K drawn images, int(rate K) are replaced by images of class i + 1 (the last: of class 0).

    The labels stay, the images change, so the observed classes stay balanced; no image is used twice.

    Raises:
        DataError: a class that would have to give more images than it has.
    """
    following = (np.arange(context.classes) + 1) % context.classes
    return swap(context, rate, seed, lambda round_: following)
