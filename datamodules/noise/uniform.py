"""`uniform`: any class, the true one included, as DEFT and CLIPCleaner draw it."""

from __future__ import annotations

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip
from datamodules.seeds import rng

NEEDS: frozenset[str] = frozenset()


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Exactly int(rate N) labels redrawn from all C classes, so that about rate (1 - 1 / C) of them are wrong."""
    targets = rng(seed, "noise: uniform").integers(0, context.classes, len(context.indices))
    return flip(context, rate, seed, targets)
