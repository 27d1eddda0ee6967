"""`symmetric`: labels flip to any other class, uniformly; NLPrompt arXiv:2412.01256, TecoPrompt arXiv:2609.16858."""

from __future__ import annotations

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip, order_of_flips
from datamodules.seeds import rng

ALSO_CALLED = ("sym",)


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Flips exactly int(rate N) labels, anywhere in the draw, each to a uniformly random other class.

    >>> context = Context(indices=np.arange(6), pool=np.array([0, 0, 1, 1, 2, 2]), classes=3)
    >>> corrupt(context, rate=0.5, seed=1).labels.tolist()
    [2, 0, 2, 1, 0, 2]
    """
    steps = rng(seed, "noise: symmetric").integers(1, context.classes, len(context.indices))
    return flip(context, rate, order_of_flips(context, seed), (context.labels + steps) % context.classes)
