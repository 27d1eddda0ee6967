"""Entropic optimal transport between images and classes, for many replicas at once."""

from __future__ import annotations

import torch
from torch import Tensor

#: The iterations in which a device that would have to wait for the answer is asked whether all plans are there.
ASKED = frozenset({0, *(10 * 2**power for power in range(10))})


def sinkhorn(cost: Tensor, valid: Tensor, reg: float = 0.01, limit: int = 1000, tolerance: float = 1e-6) -> Tensor:
    """Plans [R, N, C] of the cheapest transport from the valid images to the classes, both of equal weights.

    `valid` [R, N] says which rows of the costs [R, N, C] count; the others carry nothing. Sinkhorn-Knopp in float64,
    started, iterated and stopped as in the POT library: every tenth iteration looks whether a replica's class sums
    are within `tolerance` (L2) of 1 / C, and such a replica rests from then on.
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
    resting = torch.zeros_like(count, dtype=torch.bool)
    for step in range(limit):
        new_v = columns / torch.einsum("rn,rnc->rc", u, kernel)
        new_u = torch.where(valid, rows / torch.einsum("rnc,rc->rn", kernel, new_v), 0.0)
        u, v = torch.where(resting, u, new_u), torch.where(resting, v, new_v)
        if step % 10 == 0:
            sums = v * torch.einsum("rn,rnc->rc", u, kernel)
            resting |= (sums - columns).norm(dim=1, keepdim=True) < tolerance
            if (step in ASKED or cost.device.type == "cpu") and resting.all():
                break
    return u[..., None] * kernel * v[:, None]
