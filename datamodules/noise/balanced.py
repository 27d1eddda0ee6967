"""`balanced`: every observed class keeps its size, with images of other classes in it; PTNL arXiv:2307.11978."""

from __future__ import annotations

from datamodules.dataset import Labels
from datamodules.noise import Context, Noisy
from datamodules.noise._swaps import swap
from datamodules.seeds import rng


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Replaces int(rate K) of the K drawn images of each class by images of other classes; no image is used twice.

    The labels stay and the images change, so the observed classes stay balanced. PTNL takes true images from one half
    of each class, false ones from the other halves. Here the two are disjoint without halves, so that small classes
    work. The donors of the j-th false image of all classes are a random permutation of the classes without fixed
    points: every other class is equally likely, and each class gives as many images as it receives. PTNL's released
    code draws true images from the first 1 - rate of each class in list order, and false ones from the rest of other
    classes with replacement, so that an image can be false twice; JoAPR's does the same with halves. Raises DataError:
    a class that would have to give more images than it has.
    """

    def donors(round_: int) -> Labels:
        generator = rng(seed, "noise: balanced donors", round_)
        classes = generator.permutation(context.classes)
        while (classes == range(context.classes)).any():
            classes = generator.permutation(context.classes)
        return classes

    return swap(context, rate, seed, donors)
