"""Flipped: 26 shapes of the procedural world, rotated by 180 degrees."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Dataset
from datamodules.synthetic.looks import Odds, decorate
from datamodules.synthetic.rendered import paint_split
from datamodules.synthetic.scene import Scenes

TEMPLATE = "a picture of a {}."
SIZE = {"classes": 26, "tests": 1300}
GROUP = "embedded"
CLASSES = (
    "triangle", "star", "heart", "spade", "arrow", "moon", "house", "tree", "mushroom", "umbrella", "cup", "bell",
    "key", "crown", "anchor", "drop", "flag", "bottle", "boat", "rocket", "balloon", "cone", "lamp", "cat", "glass",
    "magnet",
)  # fmt: skip


def load() -> Dataset:
    """Renders 64 training, 20 validation and 50 test images per class."""

    def shift(rng: np.random.Generator, scenes: Scenes) -> None:
        decorate(rng, scenes, 0.5, Odds())
        scenes.angle[...] += 180

    train, val, test = (
        paint_split(f"flipped {part}", seed, CLASSES, count, shift)
        for part, seed, count in (("train", 101, 64), ("val", 102, 20), ("test", 103, 50))
    )
    return Dataset("flipped", CLASSES, TEMPLATE, train, test, val)
