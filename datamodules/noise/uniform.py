"""`uniform`: labels are redrawn from all classes, the true one included, as in DEFT and CLIPCleaner."""

from __future__ import annotations

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip, order_of_flips
from datamodules.seeds import rng


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Redraws exactly int(rate N) labels uniformly from all C classes; about rate (1 - 1 / C) N of them become wrong.

    >>> context = Context(indices=np.arange(6), pool=np.array([0, 0, 1, 1, 2, 2]), classes=3)
    >>> corrupt(context, rate=1.0, seed=1).labels.tolist()
    [1, 1, 2, 2, 2, 1]
    """
    targets = rng(seed, "noise: uniform").integers(0, context.classes, len(context.indices))
    return flip(context, rate, order_of_flips(context, seed), targets)
