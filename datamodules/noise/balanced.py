"""`balanced`: every observed class keeps its size, some of its images come from others; PTNL arXiv:2307.11978."""

from __future__ import annotations

from datamodules.dataset import Labels
from datamodules.noise import Context, Noisy
from datamodules.noise._swaps import swap
from datamodules.seeds import rng

NEEDS: frozenset[str] = frozenset()


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """In each class of K drawn images, int(rate K) are replaced by images of other classes; no image is used twice.

    The labels stay, the images change, so the observed classes stay balanced. PTNL takes true images from one random
    half of each class and false ones from the other halves; only that the two never meet matters, and this is kept
    without halving, so that small classes work. The j-th false image of all classes comes from one random
    permutation of the classes without fixed points: each class is as likely to come from every other one, and each
    gives as many images as it gets (PTNL's code draws from all false images at once).

    Raises:
        DataError: a class that would have to give more images than it has.
    """

    def donors(round_: int) -> Labels:
        generator = rng(seed, "noise: balanced donors", round_)
        classes = generator.permutation(context.classes)
        while (classes == range(context.classes)).any():
            classes = generator.permutation(context.classes)
        return classes

    return swap(context, rate, seed, donors)
