"""`human`: labels as people or the web gave them; CIFAR-10N / 100N arXiv:2110.12088, Food101N."""

from __future__ import annotations

from datamodules.errors import DataError, unknown
from datamodules.noise import Context, Noisy

NEEDS = frozenset({"given"})


def corrupt(context: Context, rate: None, seed: int, labels: str = "") -> Noisy:
    """The drawn images with the labels that the labelling `labels` gives them; the rate is what it turns out to be.

    `labels` may be left out where the data set has only one labelling. Nothing is random, so the seed does nothing.

    Raises:
        DataError: an unknown labelling, none chosen among several, or one with a class number out of range.
    """
    names = list(context.given)
    if not labels and len(names) > 1:
        raise DataError(f"'human' noise: choose a labelling, human[labels=NAME] with NAME one of {', '.join(names)}")
    if labels and labels not in names:
        raise unknown("labelling", labels, names)
    chosen = labels or names[0]
    told = context.given[chosen][context.indices]
    if len(told) and not (told.min() >= 0 and told.max() < context.classes):
        raise DataError(f"labelling {chosen!r} has a class number outside 0 ... {context.classes - 1}")
    return Noisy(context.indices, told)
