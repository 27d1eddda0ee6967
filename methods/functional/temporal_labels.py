"""TecoPrompt's rule for labels and groups of images, from candidates that were followed over epochs (2609.16858)."""

from __future__ import annotations

import torch
from torch import Tensor

CLEAN, MIDDLE, NOISY = range(3)


def follow(
    shares: Tensor, last: Tensor, average: Tensor, streak: Tensor, momentum: float, sure: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Candidates [R, N], moving averages [R, N] of their shares, and epochs in a row [R, N] in which they were sure.

    The candidate is the arg-max of shares [R, N, C], whichever class it was before; it is sure from a share of `sure`
    on. `last`, `average` and `streak` [R, N] are those of the epoch before.

    >>> last, average, streak = torch.tensor([0]), torch.tensor([0.9]), torch.tensor([1])
    >>> follow(torch.tensor([[1.0, 0.0]]), last, average, streak, momentum=0.8, sure=0.99)
    (tensor([0]), tensor([0.9200]), tensor([2]))
    """
    share, candidates = shares.max(-1)
    average = momentum * average + (1 - momentum) * share
    longer = torch.where(candidates == last, streak + 1, 1)
    return candidates, average, torch.where(share >= sure, longer, 0)


def group(agree: Tensor, average: Tensor, stable: Tensor, threshold: float, low: float) -> Tensor:
    """CLEAN, MIDDLE or NOISY [R, N], from what labels agree with their candidate, averages and what is stable [R, N].

    Clean: agrees, and an average of at least `threshold`. Middle: agrees, and one of at least `low`, or stable.

    >>> group(torch.tensor([True, True, True]), torch.tensor([0.9, 0.7, 0.1]), torch.tensor(False), 0.8, 0.2)
    tensor([0, 1, 2])
    """
    clean, middle = agree & (average >= threshold), agree & (average >= low) | stable
    return torch.where(clean, CLEAN, torch.where(middle, MIDDLE, NOISY))
