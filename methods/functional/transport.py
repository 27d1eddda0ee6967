"""Entropic optimal transport between images and classes, batched over replicas."""

from __future__ import annotations

import torch
from torch import Tensor

#: Iterations at which convergence is tested on a GPU, where every test makes the host wait.
ASKED = frozenset({0, *(10 * 2**power for power in range(10))})


def sinkhorn(cost: Tensor, valid: Tensor, reg: float = 0.01, limit: int = 1000, tolerance: float = 1e-6) -> Tensor:
    """Entropic transport plans [R, N, C] from N images to C classes, both with uniform weights, in float64.

    Minimises <plan, cost> - reg H(plan) for costs [R, N, C] by Sinkhorn-Knopp, initialised, iterated and stopped as in
    the POT library: a replica converges when, at every tenth iteration, its class sums are within `tolerance` (L2) of
    1 / C, and takes at most `limit` iterations. Rows of images that are not `valid` [R, N] are 0 and the others of a
    replica sum to 1.

    >>> cost = torch.tensor([[[0.0, 1.0], [0.2, 0.4], [1.0, 0.0]]])
    >>> plan = sinkhorn(cost, valid=torch.tensor([[True, True, False]]), reg=0.1)
    >>> plan[0].round(decimals=3).tolist()
    [[0.491, 0.009], [0.009, 0.491], [0.0, 0.0]]
    """
    cost = cost.double()
    classes, count = cost.shape[-1], valid.sum(1, keepdim=True).clamp(min=1)
    # A row's least cost moves from the kernel into u: the plan is the same, and exp does not underflow.
    least = cost.amin(-1, keepdim=True)
    kernel = torch.where(valid[..., None], torch.exp(-(cost - least) / reg), 0.0)
    rows, columns = valid / count, torch.full_like(cost[:, 0], 1 / classes)
    start = -least.squeeze(-1) / reg
    start = torch.where(valid, start, float("-inf"))
    u = torch.exp(start - start.amax(1, keepdim=True))
    v = torch.zeros_like(columns)
    converged = torch.zeros_like(count, dtype=torch.bool)
    for step in range(limit):
        new_v = columns / torch.einsum("rn,rnc->rc", u, kernel)
        new_u = torch.where(valid, rows / torch.einsum("rnc,rc->rn", kernel, new_v), 0.0)
        u, v = torch.where(converged, u, new_u), torch.where(converged, v, new_v)
        if step % 10 == 0:
            sums = v * torch.einsum("rn,rnc->rc", u, kernel)
            converged |= (sums - columns).norm(dim=1, keepdim=True) < tolerance
            if (step in ASKED or cost.device.type == "cpu") and converged.all():
                break
    return u[..., None] * kernel * v[:, None]
