"""Flipped: 26 shapes of the procedural world, rotated by 180 degrees."""

from __future__ import annotations

from datamodules.dataset import Dataset
from datamodules.synthetic.rendered import turned

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
    return turned("flipped", TEMPLATE, CLASSES, 180, seed=100)
