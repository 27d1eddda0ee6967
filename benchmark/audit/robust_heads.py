"""Linear heads with a robust loss, out of fold: all folds are rows of one tensor."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from methods.functional.losses import generalized_cross_entropy

Q = 0.7
SCALE = 30.0
LR = 0.02
BATCH = 128
EPOCHS = 30
MOST_STEPS = 400


def head_weights(features: Tensor, labels: Tensor, fold: Tensor, start: Tensor, seed: int) -> Tensor:
    """Class weights [F, C, E], trained from `start` [F, C, E] by SGD with GCE (1805.07836).

    Row f sees no image of fold f. Logits are SCALE times the products with features [P, E]. Steps are EPOCHS of
    batches, MOST_STEPS at most; the step size falls to 0 along a cosine.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = start.clone().requires_grad_()
    optimiser = torch.optim.SGD([weights], lr=LR, momentum=0.9)
    steps = max(1, min(MOST_STEPS, EPOCHS * len(labels) // BATCH))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 0.5 * (1 + math.cos(math.pi * step / steps)))
    others = [torch.nonzero((fold != number) & (labels >= 0))[:, 0] for number in range(len(start))]
    for _ in range(steps):
        rows = torch.stack([own[torch.randint(len(own), (BATCH,), generator=generator)] for own in others])
        logits = SCALE * torch.einsum("fbe,fce->fbc", features[rows], weights)
        optimiser.zero_grad()
        generalized_cross_entropy(logits, labels[rows], Q).mean(1).sum().backward()
        optimiser.step()
        schedule.step()
    return weights.detach()
