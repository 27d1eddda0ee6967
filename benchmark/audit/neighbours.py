"""Nearest neighbours by cosine, in chunks of bounded memory."""

from __future__ import annotations

import torch
from torch import Tensor

#: Similarities in memory at once; more leave the processor's cache.
CHUNK = 2**22
#: Images from which on candidates are found by their first principal components.
MANY = 20_000
COMPONENTS = 96
SPARE = 2


def neighbours(features: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Cosines [P, k] and indices [P, k] of the k nearest others of each of the unit features [P, E], nearest first.

    Where there are fewer than k others, all of them are given. Of more than MANY images, these are the nearest among
    SPARE k candidates, which COMPONENTS principal components find.

    >>> x = torch.nn.functional.normalize(torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]), dim=-1)
    >>> neighbours(x, k=1)[1].tolist()
    [[1], [0], [1]]
    """
    count = len(features)
    k, step, table = min(k, count - 1), max(1, CHUNK // count), features
    wanted = k
    if count > MANY and features.shape[1] > COMPONENTS:
        table, wanted = features @ _components(features), min(SPARE * k, count - 1)
    cosines, indices = features.new_empty(count, k), torch.empty(count, k, dtype=torch.int64)
    for first in range(0, count, step):
        rows = torch.arange(first, min(first + step, count))
        near = table[rows] @ table.T
        near[rows - first, rows] = -torch.inf
        found, places = near.topk(wanted)
        if table is not features:
            exact = torch.einsum("ne,nke->nk", features[rows], features[places])
            found, order = exact.topk(k)
            places = places.gather(1, order)
        cosines[rows], indices[rows] = found, places
    return cosines, indices


def _components(features: Tensor) -> Tensor:
    """The directions [E, COMPONENTS] of the largest second moments of features [P, E]."""
    basis: Tensor = torch.linalg.eigh((features.T @ features).double())[1]
    return basis[:, -COMPONENTS:].flip(1).float()


def votes(cosines: Tensor, indices: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Shares [P, C] of the classes among the given labels [P] of each image's neighbours, weighted by their cosines.

    >>> votes(torch.tensor([[0.6, 0.2]]), torch.tensor([[1, 2]]), torch.tensor([0, 1, 0]), classes=2)
    tensor([[0.2500, 0.7500]])
    """
    given = labels[indices]
    weight = cosines.clamp(min=1e-6) * (given >= 0)
    found = cosines.new_zeros(len(cosines), classes).scatter_add_(1, given.clamp(min=0), weight)
    return found / weight.sum(1, keepdim=True).clamp(min=1e-6)
