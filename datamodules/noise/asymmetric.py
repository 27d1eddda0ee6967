"""`asymmetric`: the next class; NLPrompt arXiv:2412.01256, TecoPrompt arXiv:2609.16858."""

from __future__ import annotations

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip

NEEDS: frozenset[str] = frozenset()


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Exactly int(rate N) labels, anywhere in the draw, each to label + 1, the last class to 0."""
    return flip(context, rate, seed, (context.labels + 1) % context.classes)
