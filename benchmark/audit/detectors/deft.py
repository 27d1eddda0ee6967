"""`deft`: a positive and a negative vector per class, the latter a learned threshold; after DeFT (2409.19696).

DeFT learns prompts and adapts the image tower; here the vectors themselves are learned, from the class names, and the
image tower stays frozen.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.audit.sample import Sample

STEPS = 300
BATCH = 256
LR = 0.01
WEIGHT_DECAY = 5e-4


def suspicion(sample: Sample) -> Tensor:
    """Returns the similarity [P] to the given label's negative vector less that to its positive one."""
    generator = torch.Generator().manual_seed(sample.seed)
    noise = 0.01 * torch.randn(sample.text.shape, generator=generator)
    positive = sample.text.clone().requires_grad_()
    negative = F.normalize(sample.text.mean(0) + noise, dim=-1).requires_grad_()
    optimiser = torch.optim.SGD([positive, negative], lr=LR, momentum=0.9, weight_decay=WEIGHT_DECAY)
    for _ in range(STEPS):
        rows = torch.randint(len(sample.labels), (BATCH,), generator=generator)
        labels = sample.labels[rows]
        steps = torch.randint(1, max(sample.classes, 2), (BATCH,), generator=generator)
        margin = _margins(sample, sample.features[rows], positive, negative)
        given = margin.gather(1, labels[:, None])[:, 0]
        other = margin.gather(1, ((labels + steps) % sample.classes)[:, None])[:, 0]
        optimiser.zero_grad()
        (F.softplus(-given) + F.softplus(other)).mean().backward()
        optimiser.step()
    return -sample.of_given(_margins(sample, sample.features, positive, negative)).detach()


def _margins(sample: Sample, features: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    return sample.scale * features @ (F.normalize(positive, dim=-1) - F.normalize(negative, dim=-1)).T
