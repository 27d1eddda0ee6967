"""`half`: labels of every second class flip to the next class, and those of the others stay."""

from __future__ import annotations

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip, order_of_flips


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Flips exactly int(rate n) of the n labels of classes 0, 2, 4, ... from y to (y + 1) mod C.

    About rate / 2 of all labels are wrong then, and how often a label is wrong depends on its class.

    >>> context = Context(indices=np.arange(6), pool=np.array([0, 0, 1, 1, 2, 2]), classes=3)
    >>> corrupt(context, rate=0.5, seed=1).labels.tolist()
    [1, 0, 1, 1, 0, 2]
    """
    order = order_of_flips(context, seed)
    own = order[context.labels[order] % 2 == 0]
    return flip(context, rate, own, (context.labels + 1) % context.classes)
