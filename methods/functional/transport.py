"""Entropic optimal transport between images and classes, batched over runs."""

from __future__ import annotations

import math

import torch
from torch import Tensor

#: Iterations at which convergence is tested on a GPU, where every test makes the host wait.
ASKED = frozenset({0, *(10 * 2**power for power in range(10))})
#: Iterations after which the factors move into the logarithms; in each, a factor changes at most N * C times.
ABSORBED = 20


def sinkhorn(cost: Tensor, valid: Tensor, reg: float = 0.01, limit: int = 1000, tolerance: float = 1e-6) -> Tensor:
    """Entropic transport plans [R, N, C] from N images to C classes, both with uniform weights, in float64.

    Minimises <plan, cost> - reg H(plan) for costs [R, N, C] by Sinkhorn-Knopp, initialised, iterated and stopped as in
    the POT library: a run converges when, at every tenth iteration, its class sums are within `tolerance` (L2) of
    1 / C, and takes at most `limit` iterations. Rows of images that are not `valid` [R, N] are 0 and the others of a
    run sum to 1. Potentials are logarithms, and the plan of one iteration is the kernel of the next ones, so that
    no small `reg` empties a class; costs that are not finite give a plan that is not, for their run alone.

    >>> cost = torch.tensor([[[0.0, 1.0], [0.2, 0.4], [1.0, 0.0]]])
    >>> plan = sinkhorn(cost, valid=torch.tensor([[True, True, False]]), reg=0.1)
    >>> plan[0].round(decimals=3).tolist()
    [[0.491, 0.009], [0.009, 0.491], [0.0, 0.0]]
    """
    rows, per_class = valid.double() / valid.sum(1, keepdim=True), 1 / cost.shape[-1]
    logs = torch.where(valid[..., None], cost.double() / -reg, -torch.inf)
    logs += math.log(per_class) - logs.logsumexp(1, keepdim=True)
    logs += rows.log()[..., None] - torch.where(valid, logs.logsumexp(2), 0.0)[..., None]
    kernel = logs.exp()
    u, v, sums = torch.ones_like(rows), torch.ones_like(logs[:, 0]), kernel.sum(1)
    converged = torch.zeros_like(valid[:, :1])
    for step in range(limit):
        if step:
            new_v = per_class / sums
            new_u = torch.where(valid, rows / torch.einsum("rnc,rc->rn", kernel, new_v), 0.0)
            u, v = torch.where(converged, u, new_u), torch.where(converged, v, new_v)
            sums = torch.einsum("rn,rnc->rc", u, kernel)
        if step % 10 == 0:
            converged |= (v * sums - per_class).norm(dim=1, keepdim=True) < tolerance
            if (step in ASKED or cost.device.type == "cpu") and converged.all():
                break
        if step and step % ABSORBED == 0:
            new_u, new_v = (torch.where(converged, 1.0, factors) for factors in (u, v))
            logs.add_(new_u.log()[..., None]).add_(new_v.log()[:, None])
            torch.exp(logs, out=kernel)
            u, v, sums = torch.where(converged, u, 1.0), torch.where(converged, v, 1.0), new_v * sums
    return u[..., None] * kernel * v[:, None]
