"""The share of wrong labels: an estimate and an interval, without clean labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.audit.posterior import Posterior, bayes, expected_confusion

DRAWS = 50
ROUNDS = 8
#: Images that a bootstrap draw works on: as many as give MOST numbers [P, C], within these bounds.
MOST = 2**21
BOUNDS = (1_000, 5_000)


@dataclass(frozen=True)
class Share:
    """Estimated share of wrong labels, 0 to 1, and a 95 % interval."""

    estimate: float
    low: float
    high: float


def wrong_share(found: Posterior, parts: list[Tensor], labels: Tensor, seed: int = 1) -> Share:
    """The mean probability of being wrong, with an interval from two sources of error.

    Sampling: bootstrap draws of images, in each of which the confusion matrix is estimated again. The model: the spread
    of estimates that rest on all classifiers [K] but one. Both variances are added.
    """
    generator = torch.Generator().manual_seed(seed)
    estimate = float(found.wrong(labels).mean())
    few = min(max(MOST // found.pooled.shape[1], BOUNDS[0]), BOUNDS[1])
    rows = torch.randperm(len(labels), generator=generator)[:few]
    pooled, own = found.pooled[rows], labels[rows]
    draws = []
    for _ in range(DRAWS):
        picked = torch.randint(len(rows), (len(rows),), generator=generator)
        counts = torch.bincount(picked, minlength=len(rows)).float()
        draws.append(_mean_wrong(pooled, own, found.confusion, counts))
    sampling = torch.tensor(draws).var().item() * len(rows) / len(labels)
    logs = [weight * part[rows].log_softmax(1) for weight, part in zip(found.weights, parts, strict=True)]
    whole, ones = torch.stack(logs).sum(0), torch.ones(len(rows))
    total = float(found.weights.sum())
    kept = [(log, total / max(total - float(w), 1e-6)) for log, w in zip(logs, found.weights, strict=True)]
    without = [_mean_wrong(((whole - log) * more).log_softmax(1), own, found.confusion, ones) for log, more in kept]
    model = torch.tensor(without).sub(_mean_wrong(pooled, own, found.confusion, ones)).square().mean().item()
    half = 1.96 * math.sqrt(sampling + model)
    return Share(estimate, max(0.0, estimate - half), min(1.0, estimate + half))


def _mean_wrong(pooled: Tensor, labels: Tensor, confusion: Tensor, counts: Tensor) -> float:
    """The mean probability of being wrong after a few rounds of EM on images that count `counts` [P] times."""
    for _ in range(ROUNDS):
        true = bayes(pooled, labels, confusion)
        confusion = expected_confusion(true, labels, counts)
    wrong = 1 - true.gather(1, labels[:, None])[:, 0]
    return float((wrong * counts).sum() / counts.sum())
