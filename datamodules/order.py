"""The order in which an epoch's images are trained on."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Labels


def epoch_batches(n: int, size: int, generator: np.random.Generator, drop_last: bool = True) -> Labels:
    """Batches [steps, size] of a fresh permutation of n places, as CoOp's loader makes them.

    The last, partial batch is dropped, unless `drop_last` is false: it is filled up with -1 then, and so is the one
    batch that fewer than `size` images make.
    """
    order = generator.permutation(n)
    if drop_last and n >= size:
        return order[: n - n % size].reshape(-1, size)
    return np.pad(order, (0, -n % size), constant_values=-1).reshape(-1, size)


def grouped_batches(groups: Labels, size: int, generator: np.random.Generator, drop_last: bool = True) -> Labels:
    """Batches [steps, size] of places in `groups` [n], one group after the other, each as `epoch_batches` does it."""
    return np.concatenate([_batches(places, size, generator, drop_last) for places in _places(groups)])


def paired_batches(groups: Labels, size: int, generator: np.random.Generator, drop_last: bool = True) -> Labels:
    """Batches [steps, groups * size] with `size` places of each group; a smaller group starts over, reshuffled."""
    parts = [_batches(places, size, generator, drop_last) for places in _places(groups)]
    steps = max(map(len, parts))
    for number, places in enumerate(_places(groups)):
        while len(parts[number]) < steps:
            parts[number] = np.concatenate([parts[number], _batches(places, size, generator, drop_last)])
    return np.concatenate([part[:steps] for part in parts], axis=1)


def _places(groups: Labels) -> list[Labels]:
    return [np.flatnonzero(groups == group) for group in np.unique(groups)]


def _batches(places: Labels, size: int, generator: np.random.Generator, drop_last: bool) -> Labels:
    order = epoch_batches(len(places), size, generator, drop_last)
    return np.where(order >= 0, places[order], -1)
