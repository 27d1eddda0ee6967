"""Tilted: 26 shapes of the procedural world, rotated by 85 degrees."""

from __future__ import annotations

from datamodules.dataset import Dataset
from datamodules.synthetic.rendered import turned

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
    return turned("tilted", TEMPLATE, CLASSES, 85, seed=200)
