"""`asymmetric`: labels flip to the next class; NLPrompt arXiv:2412.01256, TecoPrompt arXiv:2609.16858."""

from __future__ import annotations

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip, order_of_flips

ALSO_CALLED = ("asym", "pair", "pairflip")


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Flips exactly int(rate N) labels, anywhere in the draw, from y to (y + 1) mod C.

    >>> context = Context(indices=np.arange(4), pool=np.array([0, 1, 2, 3]), classes=4)
    >>> corrupt(context, rate=1.0, seed=1).labels.tolist()
    [1, 2, 3, 0]
    """
    return flip(context, rate, order_of_flips(context, seed), (context.labels + 1) % context.classes)
