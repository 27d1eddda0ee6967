"""Kinds of noise by what they promise, and draws to which they are added."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datamodules import noise
from datamodules.fewshot import few_shot

RATES = [0.0, 0.1, 0.125, 0.25, 0.3, 0.5, 0.75, 0.9, 1.0]
EXACT = ["symmetric", "asymmetric", "confusion", "semantic", "cluster"]
BALANCED = ["balanced", "balanced_pair"]
RATED = [*EXACT, *BALANCED, "half", "instance", "uniform"]


def context(classes: int = 7, shots: int = 16, per_class: int = 40, seed: int = 1) -> noise.Context:
    source = np.random.default_rng(3)
    pool = source.permutation(np.repeat(np.arange(classes), per_class))
    indices = few_shot(pool, shots, seed)
    logits = source.standard_normal((len(indices), classes))
    features = source.standard_normal((len(indices), 24))
    texts = source.standard_normal((classes, 24))
    given = {"web": (pool + (source.random(len(pool)) < 0.2)) % classes}
    return noise.Context(indices, pool, classes, logits, features, texts, given)


def wrong(ctx: noise.Context, noisy: noise.Noisy) -> NDArray[np.bool_]:
    different: NDArray[np.bool_] = noisy.labels != ctx.pool[noisy.indices]
    return different
