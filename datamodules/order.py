"""The order in which an epoch's images are trained on."""

from __future__ import annotations

import numpy as np

from datamodules.dataset import Labels


def epoch_batches(n: int, size: int, generator: np.random.Generator) -> Labels:
    """Batches [steps, size] of a fresh permutation of n places, as CoOp's loader makes them.

    The last, partial batch is dropped; fewer than `size` images make one batch, filled up with -1.
    """
    order = generator.permutation(n)
    if n >= size:
        return order[: n - n % size].reshape(-1, size)
    return np.pad(order, (0, size - n), constant_values=-1)[None] if n else np.empty((0, size), np.int64)
