"""Balanced noise: replaces drawn images by images of other classes and uses no image twice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from datamodules.dataset import Labels
from datamodules.errors import DataError
from datamodules.noise import Context, Noisy, count
from datamodules.seeds import rng


def swap(context: Context, rate: float, seed: int, donors: Callable[[int], Labels]) -> Noisy:
    """Replaces the last int(rate K) of each class's K drawn images; the j-th comes from the classes `donors(j)` [C].

    A class gives first its images that were not drawn, in random order, then its drawn images that were replaced, in
    the order of replacement. As `donors(j)` is a permutation, a class gives its j-th image in round j at every rate,
    which makes the rates nested. Raises DataError: a class that would have to give more images than it has.
    """
    indices = context.indices.copy()
    slots = [np.flatnonzero(context.labels == label) for label in range(context.classes)]
    wrong = [count(rate, len(own)) for own in slots]
    replacements = [_replacements(context, seed, label, own) for label, own in enumerate(slots)]
    for round_ in range(max(wrong)):
        for label, donor in enumerate(donors(round_)):
            if round_ < wrong[label]:
                free = len(replacements[donor]) - len(slots[donor]) + wrong[donor]
                if round_ >= free:
                    raise DataError(f"class number {donor} has no training image left to stand in class {label}")
                indices[slots[label][-1 - round_]] = replacements[donor][round_]
    return Noisy(indices, context.labels)


def _replacements(context: Context, seed: int, label: int, slots: Labels) -> Labels:
    drawn = context.indices[slots]
    rest = np.setdiff1d(np.flatnonzero(context.pool == label), drawn)
    return np.concatenate([rng(seed, "noise: gifts of a class", label).permutation(rest), drawn[::-1]])
