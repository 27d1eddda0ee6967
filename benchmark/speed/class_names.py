"""Class names for timing: one to three words each, as the papers' data sets have them."""

from __future__ import annotations

from itertools import product

FIRST = ("red", "green", "stone", "wooden", "glass", "paper", "iron", "water", "winter")
SECOND = ("cat", "house", "tree", "boat", "lamp", "bird", "chair", "road", "flower", "clock")
THIRD = ("sign", "market", "shop", "yard", "club", "garden", "picture", "model", "toy", "festival")


def class_names(count: int) -> tuple[str, ...]:
    """`count` different names, at most 1,000; the first hundred have one or two words."""
    short = [f"{first} {second}".strip() for second, first in product(SECOND, ("", *FIRST))]
    return tuple([*short, *(f"{name} {third}" for third, name in product(THIRD, short))][:count])
