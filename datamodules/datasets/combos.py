"""Combos: six shapes in six colours, rotated by 75 degrees, in warm light that shifts the colours."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Dataset
from datamodules.synthetic.looks import warm_light
from datamodules.synthetic.rendered import paint_split
from datamodules.synthetic.scene import Scenes

TEMPLATE = "a picture of a {}."
SIZE = {"classes": 36, "tests": 1440}
GROUP = "embedded"
SHAPES = ("heart", "house", "umbrella", "key", "crown", "bottle")
INKS = ("red", "yellow", "green", "blue", "pink", "white")
CLASSES = tuple(f"{ink} {shape}" for ink in INKS for shape in SHAPES)


def load() -> Dataset:
    """Renders 64 training, 15 validation and 40 test images per class."""

    def shift(rng: np.random.Generator, scenes: Scenes) -> None:
        scenes.angle[...] += 75
        scenes.light[...] = warm_light(rng.random(len(scenes)))

    train, val, test = (
        paint_split(f"combos {part}", seed, SHAPES, count, shift, INKS)
        for part, seed, count in (("train", 301, 64), ("val", 302, 15), ("test", 303, 40))
    )
    return Dataset("combos", CLASSES, TEMPLATE, train, test, val)
