"""Features in clusters, with known wrong labels."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F

from benchmark.audit.sample import Sample

CLASSES = 4


def clusters(per_class: int = 40, rate: float = 0.25, spread: float = 0.12, seed: int = 3) -> tuple[Sample, np.ndarray]:
    """A sample of CLASSES clusters in 12 dimensions, and which labels [P] are wrong."""
    generator = torch.Generator().manual_seed(seed)
    centres = F.normalize(torch.randn(CLASSES, 12, generator=generator), dim=-1)
    true = torch.arange(CLASSES).repeat_interleave(per_class)
    noise = spread * torch.randn(len(true), 12, generator=generator)
    features = F.normalize(centres[true] + noise, dim=-1)
    text = F.normalize(centres + 0.2 * torch.randn(centres.shape, generator=generator), dim=-1)
    wrong = torch.zeros(len(true), dtype=torch.bool)
    wrong[torch.randperm(len(true), generator=generator)[: int(rate * len(true))]] = True
    steps = torch.randint(1, CLASSES, true.shape, generator=generator)
    labels = torch.where(wrong, (true + steps) % CLASSES, true)
    return Sample(features, labels, text, 30.0, seed), wrong.numpy()
