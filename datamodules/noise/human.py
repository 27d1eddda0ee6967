"""`human`: labels from people or the web; CIFAR-10N / 100N arXiv:2110.12088, Food-101N arXiv:1711.07131."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Labels
from datamodules.errors import DataError, unknown
from datamodules.noise import Context, Noisy
from datamodules.seeds import rng

NEEDS = frozenset({"given"})
OWN_RATE = True


def corrupt(context: Context, rate: None, seed: int, labels: str = "") -> Noisy:
    """The drawn images with their labels in the labelling `labels`; rate and seed have no effect.

    Several labellings, `random1+random2+random3`, vote: each image gets the class that most of them give it, and where
    classes have equally many votes, the seed draws one of these. `labels` may be omitted if the data set has only one
    labelling.

    Raises DataError: an unknown labelling, one that votes twice, none chosen among several, or one with a class number
    out of range.

    >>> given = {"web": np.array([1, 1, 0]), "a": np.array([0, 1, 1]), "b": np.array([0, 1, 0])}
    >>> context = Context(indices=np.array([2, 0]), pool=np.array([0, 1, 1]), classes=2, given=given)
    >>> corrupt(context, rate=None, seed=1, labels="web").labels.tolist()
    [0, 1]
    >>> corrupt(context, rate=None, seed=1, labels="web+a+b").labels.tolist()
    [0, 0]
    """
    names = list(context.given)
    if not labels and len(names) > 1:
        raise DataError(f"'human' noise: choose a labelling, human[labels=NAME] with NAME one of {', '.join(names)}")
    chosen = [labels or names[0]]
    if chosen[0] not in names:
        chosen = [name.strip() for name in labels.split("+")]
    for name in chosen:
        if name not in names:
            raise unknown("labelling", name, names)
        if chosen.count(name) > 1:
            raise DataError(f"'human' noise: labelling {name!r} has one vote, and is named {chosen.count(name)} times")
        if not np.isin(context.given[name][context.indices], np.arange(context.classes)).all():
            raise DataError(f"labelling {name!r} has a class number outside 0 ... {context.classes - 1}")
    votes = np.stack([context.given[name] for name in chosen])
    return Noisy(context.indices, _winners(votes, seed)[context.indices])


def _winners(votes: Labels, seed: int) -> Labels:
    """The class [P] with most of the votes [K, P] for each image, one of them by the seed where several have."""
    support = (votes[:, None] == votes).sum(1)
    ties = rng(seed, "noise: ties of votes").random(votes.shape)
    winners: Labels = np.take_along_axis(votes, (support + ties).argmax(0)[None], 0)[0]
    return winners
