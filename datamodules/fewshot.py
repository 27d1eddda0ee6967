"""Few-shot draws identical to those of CoOp (arXiv:2109.01134)."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np

from datamodules.dataset import Labels
from datamodules.errors import DataError


def few_shot(labels: Labels, shots: int, seed: int) -> Labels:
    """Indices into `labels` [P] of `shots` images per class, in the order in which CoOp draws them.

    Classes come in their order of first appearance; a class with fewer than `shots` images contributes all of them,
    in order. Unlike in CoOp's code, which ignores `--seed 0`, 0 is an ordinary seed.

    Raises:
        DataError: `shots` below 1.
        ValueError: a negative seed (Python would use its absolute value).

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
    members: dict[int, list[int]] = {}
    for index, label in enumerate(labels.tolist()):
        members.setdefault(label, []).append(index)
    drawn: list[int] = []
    for items in members.values():
        drawn += source.sample(items, shots) if len(items) >= shots else items
    return np.asarray(drawn, dtype=np.int64)


def check_shots(labels: Labels, classes: Sequence[str], shots: int) -> None:
    """Checks that every class has at least `shots` images among `labels` [P].

    Raises:
        DataError: `shots` below 1, or more than a class has; the message names the smallest class.

    >>> check_shots(np.array([0, 0, 1]), ["cat", "dog"], shots=2)
    Traceback (most recent call last):
    datamodules.errors.DataError: shots 2 is more than class 'dog' has: 1 training images
    """
    if shots < 1:
        raise DataError(f"shots {shots} is below 1")
    counts = np.bincount(labels, minlength=len(classes))
    smallest = int(counts.argmin())
    if counts[smallest] < shots:
        short = int((counts < shots).sum())
        more = f" ({short - 1} more classes have fewer than {shots})" if short > 1 else ""
        raise DataError(
            f"shots {shots} is more than class {classes[smallest]!r} has: {counts[smallest]} training images{more}"
        )
