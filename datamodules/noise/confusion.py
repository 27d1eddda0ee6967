"""`confusion`: labels flip to zero-shot CLIP's likeliest wrong class; PTNL arXiv:2307.11978."""

from __future__ import annotations

import numpy as np

from datamodules.noise import Context, Noisy
from datamodules.noise._flips import flip, order_of_flips

NEEDS = frozenset({"logits"})


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Flips exactly int(rate N) labels, each to the wrong class with the image's highest zero-shot logit.

    Which images PTNL flips, and whether its classes stay balanced, is not known; here they are anywhere in the draw,
    as in `symmetric`.

    >>> logits = np.array([[9.0, 1.0, 5.0], [2.0, 8.0, 1.0]])
    >>> context = Context(indices=np.arange(2), pool=np.array([0, 1]), classes=3, logits=logits)
    >>> corrupt(context, rate=1.0, seed=1).labels.tolist()
    [2, 0]
    """
    assert context.logits is not None
    others = np.array(context.logits, dtype=np.float64)
    others[np.arange(len(others)), context.labels] = -np.inf
    return flip(context, rate, order_of_flips(context, seed), others.argmax(axis=1))
