"""Splits of images in memory, rendered from fixed seeds."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from datamodules.dataset import Dataset, Split
from datamodules.synthetic.looks import Odds, colours, decorate, everyday
from datamodules.synthetic.paint import paint
from datamodules.synthetic.scene import COLOURS, Scenes
from datamodules.synthetic.shapes import distances


@dataclass(frozen=True)
class ArrayImages:
    """`count` images of an array [n, H, W, 3], uint8, which is made when one is looked at."""

    title: str
    count: int
    make: Callable[[], NDArray[np.uint8]]

    def __len__(self) -> int:
        return self.count

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """All of them."""
        return self.make()

    def __getitem__(self, index: int, /) -> Image.Image:
        return Image.fromarray(self.pixels[index])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 hex digest of all pixels."""
        return hashlib.sha256(self.pixels.tobytes()).hexdigest()

    def describe(self, index: int) -> str:
        """Name of the split and index of the image."""
        return f"{self.title} #{index}"


Shift = Callable[[np.random.Generator, Scenes], None]


def paint_split(
    title: str, seed: int, shapes: tuple[str, ...], per_class: int, shift: Shift, inks: tuple[str, ...] | None = None
) -> Split:
    """Renders `per_class` images of every class, in random order, after `shift` has modified the scenes in place.

    The classes are the shapes, or with `inks` every shape in every ink, ink by ink.
    """
    rng = np.random.default_rng(seed)
    n = len(shapes) * len(inks or ("",)) * per_class
    labels = rng.permutation(np.arange(n) // per_class)
    table = np.array(list(COLOURS.values()))
    ink, ground = colours(
        rng, n, None if inks is None else np.array([list(COLOURS).index(c) for c in inks])[labels // len(shapes)]
    )
    scenes = everyday(rng, labels % len(shapes), table[ink], table[ground])
    shift(rng, scenes)

    def make() -> NDArray[np.uint8]:
        bank, own = distances(shapes), deepcopy(rng)  # painted again they are the same
        parts = [as_bytes(paint(scenes.part(slice(start, start + 128)), bank, own)) for start in range(0, n, 128)]
        return np.concatenate(parts)

    return Split(ArrayImages(title, n, make), labels.astype(np.int64))


def turned(name: str, template: str, shapes: tuple[str, ...], degrees: float, seed: int) -> Dataset:
    """Decorated shapes on their sides: 64 training, 20 validation and 50 test images per class."""

    def shift(rng: np.random.Generator, scenes: Scenes) -> None:
        decorate(rng, scenes, 0.5, Odds())
        scenes.angle[...] += degrees

    train, val, test = (
        paint_split(f"{name} {part}", seed + number, shapes, count, shift)
        for number, (part, count) in enumerate((("train", 64), ("val", 20), ("test", 50)), 1)
    )
    return Dataset(name, shapes, template, train, test, val)


def as_bytes(pictures: Tensor) -> NDArray[np.uint8]:
    """Images [B, 3, H, W], 0 to 1, as an uint8 array [B, H, W, 3]."""
    return (pictures * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
