"""`instance`: instance-dependent noise; Xia et al. 2020, arXiv:2006.07836, used by DEFT."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri

from datamodules.noise import Context, Noisy
from datamodules.seeds import rng

ALSO_CALLED = ("idn", "instance_dependent")
NEEDS = frozenset({"features"})
SPREAD = 0.1


def corrupt(context: Context, rate: float, seed: int) -> Noisy:
    """Flips each label with its own probability q, to a wrong class drawn from a distribution given by the features.

    q is drawn from a normal distribution with mean `rate` and standard deviation 0.1, truncated to [0, 1]. The wrong
    class is drawn from softmax(x W_y) without the true class y, with x [E] the features, standardised per dimension
    over the draw (the paper uses pixels), and W_y [E, C] standard normal. So the number of wrong labels is random and
    about rate N, except near the ends, where truncation shifts it: rate 1 gives about 0.92 N, and rate 0 is defined
    as no noise. For a fixed quantile, q grows with the rate, which makes the rates nested.

    >>> features = np.random.default_rng(0).standard_normal((1000, 8))
    >>> context = Context(indices=np.arange(1000), pool=np.arange(1000) % 4, classes=4, features=features)
    >>> round(float((corrupt(context, rate=0.3, seed=1).labels != context.labels).mean()), 1)
    0.3
    """
    labels, n = context.labels.copy(), len(context.indices)
    if rate == 0:
        return Noisy(context.indices, labels)
    quantile, coin, pick = rng(seed, "noise: instance").random((3, n))
    low, high = ndtr(-rate / SPREAD), ndtr((1 - rate) / SPREAD)
    q = rate + SPREAD * ndtri(low + quantile * (high - low))
    targets = _targets(context, pick, seed)
    wrong = coin < q
    labels[wrong] = targets[wrong]
    return Noisy(context.indices, labels)


def _targets(context: Context, pick: np.ndarray, seed: int) -> np.ndarray:
    """Wrong classes [N]: the quantiles `pick` [N] of each image's distribution over wrong classes."""
    assert context.features is not None
    x = np.asarray(context.features, dtype=np.float64)
    x = (x - x.mean(0)) / np.maximum(x.std(0), 1e-12)
    targets = np.empty(len(x), dtype=np.int64)
    for label in np.unique(context.labels):
        rows = np.flatnonzero(context.labels == label)
        weights = rng(seed, "noise: instance projection", int(label)).standard_normal((x.shape[1], context.classes))
        scores = x[rows] @ weights
        scores[:, label] = -np.inf
        chance = np.exp(scores - scores.max(1, keepdims=True))
        cumulative = np.cumsum(chance, axis=1)
        threshold = pick[rows, None] * cumulative[:, -1:]
        targets[rows] = (cumulative <= threshold).sum(1)
    return targets
