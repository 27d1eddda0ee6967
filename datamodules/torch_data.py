"""Torch's data sets in the suite, and the suite's label noise in data sets of torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence, Sized
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader

from datamodules import noise
from datamodules.dataset import Dataset, Labels, Split
from datamodules.decoding import to_rgb
from datamodules.errors import DataError
from datamodules.formats.checks import checked


def noisy_labels(labels: Sequence[int] | Labels, kind: str, rate: float | None, seed: int, classes: int = 0) -> Labels:
    """Labels [n] with noise of a kind at a rate, in [0, 1]: exactly int(rate n) are wrong; `classes` 0 counts them.

    Raises DataError: as `noise.corrupt`, for kinds that look at images too, and for kinds that replace images.

    >>> noisy_labels([0, 0, 1, 1, 2, 2], "symmetric", 0.5, seed=1).tolist()
    [2, 0, 2, 1, 0, 2]
    """
    pool = _class_numbers(labels)
    drawn = np.arange(len(pool))
    noisy = noise.corrupt(kind, noise.Context(drawn, pool, classes or int(pool.max(initial=0)) + 1), rate, seed)
    if not np.array_equal(noisy.indices, drawn):
        raise DataError(f"{kind!r} noise replaces images; symmetric noise changes labels alone")
    return noisy.labels


class NoisyDataset(torch.utils.data.Dataset[tuple[Any, ...]]):
    """A map-style data set of items (image, ..., label) with noisy labels; `true` and `labels` [n] are both.

    Raises DataError: as `noisy_labels`.
    """

    def __init__(self, dataset: Any, kind: str, rate: float | None, seed: int = 1) -> None:
        self.dataset, self.true = dataset, _labels(dataset, (_parts(dataset[i])[-1] for i in range(len(dataset))))
        self.labels = noisy_labels(self.true, kind, rate, seed, len(getattr(dataset, "classes", ())))

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        """An item with its noisy label."""
        return (*self.dataset[index][:-1], int(self.labels[index]))


def from_torch(
    train: Any, test: Any, classes: Sequence[str], val: Any = None, template: str = "a photo of a {}.",
    name: str = "mine",
) -> Dataset:  # fmt: skip
    """A data set for `NoisyFewShot` of map-style torch data sets, or loaders of them, with items (picture, label).

    Pictures are PIL images, uint8 arrays [H, W, 3], or tensors [3, H, W] of 0 to 1 or uint8; random transforms and
    normalisation belong to the method's recipe. Every picture is read once at first, for the feature bank's key.
    Raises DataError: an item that is no such picture, labels that are not class numbers, or as `checks.checked`.
    """
    known = _split("train", train), _split("test", test), None if val is None else _split("val", val)
    return checked(Dataset(name, tuple(classes), template, *known))


class _Pictures:
    """The pictures of a map-style data set, made when asked for."""

    def __init__(self, part: str, items: Any) -> None:
        self.part, self.items = part, items
        digest, labels = hashlib.sha256(), []
        for index in range(len(items)):
            picture, *_, label = _parts(items[index])
            shown = self._shown(picture, index)
            digest.update(f"{shown.size}".encode() + shown.tobytes())
            labels.append(label)
        self.fingerprint, self.labels = digest.hexdigest(), _labels(items, labels)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int, /) -> Image.Image:
        return self._shown(self.items[index][0], index)

    def _shown(self, found: Any, index: int) -> Image.Image:
        if isinstance(found, Image.Image):
            return to_rgb(found)
        values = np.asarray(found.movedim(0, -1) if isinstance(found, torch.Tensor) and found.ndim == 3 else found)
        if values.ndim != 3 or values.shape[-1] not in (1, 3):
            raise DataError(f"{self.describe(index)} has shape {values.shape}: no picture; features are features:FILE")
        if values.dtype != np.uint8:
            if not (values.min() >= 0 and values.max() <= 1):
                raise DataError(f"{self.describe(index)} has values outside of 0 to 1; leave its normalisation out")
            values = (values * 255 + 0.5).astype(np.uint8)
        return Image.fromarray(np.repeat(values, 3 // values.shape[-1], axis=-1))

    def describe(self, index: int) -> str:
        """The part and the item's number."""
        return f"item {index} of {self.part}"


def _split(part: str, data: Any) -> Split:
    items = data.dataset if isinstance(data, DataLoader) else data
    if not isinstance(items, Sized):
        raise DataError(f"{part} has no length; give a map-style data set, which has `__len__` and `__getitem__`")
    pictures = _Pictures(part, items)
    return Split(pictures, pictures.labels)


def _labels(items: Any, last: Iterable[Any]) -> Labels:
    """True labels [n]: the attribute that torchvision's data sets have, else the `last` entry of every item."""
    known = getattr(items, "targets", None)
    return _class_numbers(list(last) if known is None or len(known) != len(items) else known)


def _parts(item: Any) -> Sequence[Any]:
    if isinstance(item, str | dict) or not isinstance(item, Sequence) or len(item) < 2:
        raise DataError("items should be tuples whose last entry is the label: (picture, label)")
    return item


def _class_numbers(labels: Any) -> Labels:
    found = np.asarray(labels)
    if found.ndim != 1 or found.dtype.kind not in "iubf" or not ((found == np.trunc(found)) & (found >= 0)).all():
        raise DataError("labels should be class numbers: whole, from 0, one for each item")
    return found.astype(np.int64)
