"""`symmetric`: any other class with equal chance; NLPrompt arXiv:2412.01256, TecoPrompt arXiv:2609.16858."""

from __future__ import annotations

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip
from datamodules.seeds import rng

NEEDS: frozenset[str] = frozenset()


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Exactly int(rate N) labels, anywhere in the draw, each to another class uniformly (never the true one)."""
    steps = rng(seed, "noise: symmetric").integers(1, context.classes, len(context.indices))
    return flip(context, rate, seed, (context.labels + steps) % context.classes)
