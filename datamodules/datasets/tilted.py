"""Tilted: 26 shapes of the procedural world, rotated by 85 degrees."""

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
    "diamond", "triangle", "heart", "club", "arrow", "moon", "house", "tree", "mushroom", "umbrella", "cup", "bell",
    "key", "fish", "crown", "anchor", "bottle", "rocket", "chair", "table", "cactus", "ladder", "fork", "rabbit",
    "flower", "shield",
)  # fmt: skip


def load() -> Dataset:
    """Renders 64 training, 20 validation and 50 test images per class."""

    def shift(rng: np.random.Generator, scenes: Scenes) -> None:
        decorate(rng, scenes, 0.5, Odds())
        scenes.angle[...] += 85

    train, val, test = (
        paint_split(f"tilted {part}", seed, CLASSES, count, shift)
        for part, seed, count in (("train", 201, 64), ("val", 202, 20), ("test", 203, 50))
    )
    return Dataset("tilted", CLASSES, TEMPLATE, train, test, val)
