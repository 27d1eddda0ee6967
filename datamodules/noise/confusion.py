"""`confusion`: the class that CLIP itself confuses with the true one; PTNL arXiv:2307.11978."""

from __future__ import annotations

import numpy as np

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip

NEEDS = frozenset({"logits"})


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Exactly int(rate N) labels, each to the class with the highest zero-shot logit of that image but the true one.

    Which images PTNL takes, and whether classes stay balanced, is not known: here they lie anywhere in the draw, as
    in `symmetric`.
    """
    assert context.logits is not None
    others = np.array(context.logits, dtype=np.float64)
    others[np.arange(len(others)), context.labels] = -np.inf
    return flip(context, rate, seed, others.argmax(axis=1))
