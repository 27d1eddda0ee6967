"""Linear heads with a robust loss, out of fold: all folds are rows of one tensor."""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.audit.sample import FOLDS
from methods.functional.losses import generalized_cross_entropy

Q = 0.7


def head_weights(
    features: Tensor, labels: Tensor, fold: Tensor, start: Tensor, seed: int,
    scale: float = 30.0, lr: float = 0.05, epochs: int = 30, batch: int = 128, most_steps: int = 400,
) -> Tensor:  # fmt: skip
    """Class weights [F, C, E], trained from `start` [F, C, E] by SGD with GCE; row f sees no image of fold f.

    The step size falls to 0 along a cosine. Steps are `epochs` of batches over the images [P, E], `most_steps` at most.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = start.clone().requires_grad_()
    optimiser = torch.optim.SGD([weights], lr=lr, momentum=0.9)
    steps = max(1, min(most_steps, epochs * len(labels) // batch))
    others = [torch.nonzero(fold != number)[:, 0] for number in range(FOLDS)]
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 0.5 * lr * (1 + torch.pi * 0 + float(torch.cos(torch.tensor(torch.pi * step / steps))))
        rows = torch.stack([own[torch.randint(len(own), (batch,), generator=generator)] for own in others])
        logits = scale * torch.einsum("fbe,fce->fbc", features[rows], weights)
        loss = generalized_cross_entropy(logits, labels[rows], Q).mean(1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return weights.detach()
