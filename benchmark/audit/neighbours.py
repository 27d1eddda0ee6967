"""Nearest neighbours by cosine, in chunks of bounded memory."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

CHUNK = 2**25
"""Similarities in memory at once."""


def neighbours(features: Tensor, k: int, progress: Callable[[int, int], None] | None = None) -> tuple[Tensor, Tensor]:
    """Cosines [P, k] and indices [P, k] of the k nearest others of each of the unit features [P, E], nearest first.

    >>> x = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]), dim=-1)
    >>> neighbours(x, k=1)[1].tolist()
    [[1], [0], [1]]
    """
    count = len(features)
    k = min(k, count - 1)
    step = max(1, CHUNK // count)
    cosines, indices = features.new_empty(count, k), torch.empty(count, k, dtype=torch.int64)
    for first in range(0, count, step):
        rows = torch.arange(first, min(first + step, count))
        near = features[rows] @ features.T
        near[rows - first, rows] = -torch.inf
        cosines[rows], indices[rows] = near.topk(k)
        if progress is not None:
            progress(int(rows[-1]) + 1, count)
    return cosines, indices


def votes(cosines: Tensor, indices: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Shares [P, C] of the classes among the given labels [P] of each image's neighbours, weighted by their cosines."""
    weight = cosines.clamp(min=0)
    found = cosines.new_zeros(len(cosines), classes).scatter_add_(1, labels[indices], weight)
    return found / weight.sum(1, keepdim=True).clamp(min=1e-12)
