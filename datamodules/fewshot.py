"""Few-shot draws identical to those of CoOp (arXiv:2109.01134)."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from datamodules.dataset import Labels
from datamodules.errors import DataError
from datamodules.seeds import rng

#: The number of shots that stands for all images of each class.
ALL = 1_000_000


def few_shot(labels: Labels, shots: int, seed: int) -> Labels:
    """Indices into `labels` [P] of `shots` images per class, in the order in which CoOp draws them.

    Classes come in their order of first appearance; a class with fewer than `shots` images contributes all of them,
    in order. Unlike in CoOp's code, which ignores `--seed 0`, 0 is an ordinary seed.

    Raises DataError: `shots` below 1. Raises ValueError: a negative seed (Python would use its absolute value).

    >>> labels = np.array([1, 0, 1, 0, 0, 1])
    >>> drawn = few_shot(labels, shots=2, seed=1)
    >>> drawn.tolist(), labels[drawn].tolist()
    ([0, 5, 3, 1], [1, 1, 0, 0])
    """
    if shots < 1:
        raise DataError(f"shots {shots} is below 1")
    if seed < 0:
        raise ValueError(f"seed {seed} is negative; seeds are integers from 0")
    return _draw(labels, shots, random.Random(seed))


def long_tailed(drawn: Labels, labels: Labels, imbalance: float, seed: int) -> Labels:
    """The part of a draw [N] of images with true labels [P] in which classes have fewer and fewer images.

    Of C classes, that at place c of a random order keeps the first int(n imbalance^(c / (C - 1))) of its n drawn
    images, at least one: the exponential profile of LDAM (1906.07413), whose classes are in the data set's order.
    `imbalance`, in (0, 1], is the smallest class's share of the largest one's images; 1 keeps all.

    >>> labels = np.repeat([0, 1, 2], 9)
    >>> np.bincount(labels[long_tailed(np.arange(27), labels, 0.12, seed=1)]).tolist()
    [1, 3, 9]
    """
    own = labels[drawn]
    classes = rng(seed, "long tail: order of classes").permutation(np.unique(own))
    last = max(len(classes) - 1, 1)
    kept = np.zeros(len(drawn), dtype=bool)
    for place, label in enumerate(classes):
        places = np.flatnonzero(own == label)
        kept[places[: max(1, int(len(places) * imbalance ** (place / last) + 1e-9))]] = True
    return drawn[kept]


#: Largest number of images per class that CoOp draws from a validation split.
MOST_VAL_SHOTS = 4


def few_shot_val(train: Labels, val: Labels, shots: int, seed: int) -> Labels:
    """Indices into the validation labels `val` [n] of min(`shots`, 4) images per class, in the order of CoOp's draw.

    The generator continues from the draw of the training labels `train` [P], as in CoOp.

    >>> few_shot_val(np.array([1, 0, 1, 0, 0, 1]), np.array([0, 1, 0]), shots=1, seed=1).tolist()
    [0, 1]
    """
    source = random.Random(seed)
    _draw(train, shots, source)
    return _draw(val, min(shots, MOST_VAL_SHOTS), source)


def _draw(labels: Labels, shots: int, source: random.Random) -> Labels:
    _, firsts, counts = np.unique(labels, return_index=True, return_counts=True)
    members = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    drawn = [np.empty(0, np.int64)]
    for place in np.argsort(firsts).tolist():
        items = members[place]  # drawing places takes the same random numbers as drawing items
        drawn.append(items[source.sample(range(len(items)), shots)] if len(items) >= shots else items)
    return np.concatenate(drawn)


def lacking_shots(labels: Labels, classes: Sequence[str], shots: int) -> str:
    """Which class has fewer than `shots` images among `labels` [P], in words; empty for none, and for `ALL` shots.

    >>> lacking_shots(np.array([0, 0, 1]), ["cat", "dog"], shots=2)
    "shots 2 is more than class 'dog' has: 1 training images"
    """
    counts = np.bincount(labels, minlength=len(classes))
    smallest = int(counts.argmin())
    if counts[smallest] >= shots or shots == ALL:
        return ""
    short = int((counts < shots).sum())
    more = f" ({short - 1} more classes have fewer than {shots})" if short > 1 else ""
    return f"shots {shots} is more than class {classes[smallest]!r} has: {counts[smallest]} training images{more}"
