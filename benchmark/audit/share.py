"""The share of wrong labels: an estimate and an interval, without clean labels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmark.audit.posterior import EXPECTED, Posterior, bayes, estimate, expected_confusion

DRAWS = 50
ROUNDS = 8
#: Images that draws and priors are tried on: as many as give MOST numbers [P, C], within these bounds.
MOST = 2**21
BOUNDS = (1_000, 5_000)
#: What else one might have expected to be wrong: hardly anything, and half of the labels.
OTHERWISE = (0.02, 0.5)


@dataclass(frozen=True)
class Share:
    """Estimated share of wrong labels, 0 to 1, and a 95 % interval."""

    estimate: float
    low: float
    high: float


def wrong_share(
    found: Posterior, parts: list[Tensor], labels: Tensor, seed: int = 1, expected: float = EXPECTED
) -> Share:
    """The mean probability of being wrong, with an interval from two sources of error.

    Sampling: bootstrap draws of images, in each of which the confusion matrix is estimated again. The prior: the
    estimate with either share in OTHERWISE expected in place of `expected`. Where features tell the classes apart, the
    prior hardly matters; where they do not, wrong labels look like hard images, and the interval is wide. Both errors
    are added as squares.
    """
    generator = torch.Generator().manual_seed(seed)
    wrong = found.wrong(labels)
    middle = float(wrong.mean())
    few = min(max(MOST // found.pooled.shape[1], BOUNDS[0]), BOUNDS[1])
    rows = torch.randperm(len(labels), generator=generator)[:few]
    pooled, own = found.pooled[rows], labels[rows]
    draws = []
    for _ in range(DRAWS):
        picked = torch.randint(len(rows), (len(rows),), generator=generator)
        counts = torch.bincount(picked, minlength=len(rows)).float()
        draws.append(_mean_wrong(pooled, own, found.confusion, counts, expected))
    sampling = 1.96 * math.sqrt(torch.tensor(draws).var().item() * len(rows) / len(labels))
    some = [part[rows] for part in parts]
    others = [float(estimate(some, own, seed, other).wrong(own).mean()) for other in OTHERWISE]
    here = float(wrong[rows].mean())
    down, up = max(0.0, here - min(others)), max(0.0, max(others) - here)
    return Share(middle, max(0.0, middle - math.hypot(down, sampling)), min(1.0, middle + math.hypot(up, sampling)))


def _mean_wrong(pooled: Tensor, labels: Tensor, confusion: Tensor, counts: Tensor, expected: float) -> float:
    """The mean probability of being wrong after a few rounds of EM on images that count `counts` [P] times."""
    for _ in range(ROUNDS):
        true = bayes(pooled, labels, confusion)
        confusion = expected_confusion(true, labels, counts, expected)
    wrong = 1 - true.gather(1, labels[:, None])[:, 0]
    return float((wrong * counts).sum() / counts.sum())
