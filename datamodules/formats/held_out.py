"""Test images for data that come without any: a fixed share of each class, chosen by the images' names alone."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Dataset, Labels, Split
from datamodules.errors import DataError

#: The share of each class that is for testing where there is no test split, and nobody says another.
SHARE = 0.2


def parse_share(name: str, text: str) -> float:
    """The share of test images, above 0 and below 1, as the option `split` of a data set gives it.

    Raises DataError: no number, or one that is out of range.

    >>> parse_share("folder:pets", "0.2")
    0.2
    """
    with suppress(ValueError):
        if 0 < float(text) < 1:
            return float(text)
    share = "split is the share of test images and should lie between 0 and 1, as in 0.2"
    raise DataError(f"data set {name!r}: {share}; got {text!r}")


def held_out(
    where: str, names: Sequence[str], labels: Labels, classes: Sequence[str], share: float
) -> NDArray[np.bool_]:
    """Which images [n] are for testing: int(share n) of the n images of each class, at least one, but never all.

    A class's images are ordered by the SHA-256 of their names [n], and the first ones are held out. So the split
    depends on no seed, order of files or machine, and a further image moves at most one other. `where` is for messages.

    Raises DataError: a class with a single image.

    >>> held_out("x", ["a/1", "a/2", "a/3", "b/1", "b/2"], np.array([0, 0, 0, 1, 1]), ["a", "b"], 0.5).tolist()
    [False, True, False, False, True]
    """
    out = np.zeros(len(labels), bool)
    for label, name in enumerate(classes):
        rows = np.flatnonzero(labels == label).tolist()
        if len(rows) == 1:
            raise DataError(f"{where}: class {name!r} has one image; split needs two, to train and to test on")
        count = min(max(1, int(share * len(rows) + 1e-9)), max(0, len(rows) - 1))
        out[sorted(rows, key=lambda row: _place(names[row]))[:count]] = True
    return out


def divided(dataset: Dataset, share: float, names: Sequence[str] = ()) -> Dataset:
    """The data set with a share of each class's training images for testing; without `names` rows are told by number.

    Raises DataError: a class of a single image.
    """
    images, labels = cast(Any, dataset.train.images), dataset.train.labels
    every = names or [str(row) for row in range(len(labels))]
    tests = held_out(dataset.name, every, labels, dataset.classes, share)
    train, test = (Split(images.pick(rows), labels[rows]) for rows in map(np.flatnonzero, (~tests, tests)))
    given = {name: own[~tests] for name, own in dataset.given.items()}
    return replace(dataset, train=train, test=test, given=given)


def _place(name: str) -> tuple[str, str]:
    """A place in the order of names; file systems write accents in one of two ways, which count as the same."""
    same = unicodedata.normalize("NFC", name)
    return hashlib.sha256(same.encode("utf-8", "surrogateescape")).hexdigest(), same
