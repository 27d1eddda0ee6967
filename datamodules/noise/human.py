"""`human`: labels from people or the web; CIFAR-10N / 100N arXiv:2110.12088, Food-101N arXiv:1711.07131."""

from __future__ import annotations

from datamodules.errors import DataError, unknown
from datamodules.noise import Context, Noisy

NEEDS = frozenset({"given"})


def corrupt(context: Context, rate: None, seed: int, labels: str = "") -> Noisy:
    """The drawn images with their labels in the labelling `labels`; rate and seed have no effect.

    `labels` may be omitted if the data set has only one labelling.

    Raises:
        DataError: an unknown labelling, none chosen among several, or one with a class number out of range.

    >>> given = {"web": np.array([1, 1, 0])}
    >>> context = Context(indices=np.array([2, 0]), pool=np.array([0, 1, 1]), classes=2, given=given)
    >>> corrupt(context, rate=None, seed=1).labels.tolist()
    [0, 1]
    """
    names = list(context.given)
    if not labels and len(names) > 1:
        raise DataError(f"'human' noise: choose a labelling, human[labels=NAME] with NAME one of {', '.join(names)}")
    if labels and labels not in names:
        raise unknown("labelling", labels, names)
    chosen = labels or names[0]
    noisy = context.given[chosen][context.indices]
    if len(noisy) and not (noisy.min() >= 0 and noisy.max() < context.classes):
        raise DataError(f"labelling {chosen!r} has a class number outside 0 ... {context.classes - 1}")
    return Noisy(context.indices, noisy)
