"""Digits: scikit-learn's handwritten digits, 8 x 8 pixels upsampled to 32 x 32."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Dataset, Split
from datamodules.synthetic.rendered import ArrayImages

TEMPLATE = "a picture of the number {}."
SIZE = {"classes": 10, "tests": 857}
GROUP = "embedded"
CLASSES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def load() -> Dataset:
    """Splits the 1,797 digits at random into 640 for training, 300 for validation and 857 for testing."""
    from sklearn.datasets import load_digits  # takes a second, which a list of data sets need not wait for

    source = load_digits()
    order = np.random.default_rng(401).permutation(len(source.target))
    pixels, labels = _enlarged(source.images)[order], source.target[order].astype(np.int64)
    train, val, test = (
        Split(ArrayImages(f"digits {part}", len(labels[rows]), partial(pixels.__getitem__, rows)), labels[rows])
        for part, rows in (("train", slice(0, 640)), ("val", slice(640, 940)), ("test", slice(940, None)))
    )
    return Dataset("digits", CLASSES, TEMPLATE, train, test, val)


def _enlarged(images: NDArray[np.float64]) -> NDArray[np.uint8]:
    """White digits on black [n, 32, 32, 3] from ink [n, 8, 8], 0 to 16: bilinear to 26 x 26, padded by 3."""
    place = (np.arange(26) + 0.5) * (8 / 26) - 0.5
    weight = np.clip(1 - np.abs(place[:, None] - np.arange(8)), 0, 1)
    large = weight @ (images / 16) @ weight.T
    grey = np.pad(large, ((0, 0), (3, 3), (3, 3)))
    return np.repeat(np.rint(grey * 255).astype(np.uint8)[..., None], 3, axis=-1)
