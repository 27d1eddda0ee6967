"""Features in clusters, with known wrong labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from benchmark.audit.sample import Sample

CLASSES = 4

#: Five images of two classes, of which the third has the label of the other class.
FIVE = Sample(
    F.normalize(torch.tensor([[1, 0], [0.9, 0.1], [0.8, 0.3], [0.1, 1], [0.2, 0.9]]), dim=-1),
    torch.tensor([0, 0, 1, 1, 1]),
    F.normalize(torch.tensor([[1, 0.1], [0.1, 1]]), dim=-1),
)


def clusters(
    per_class: int = 40, rate: float = 0.25, spread: float = 0.12, seed: int = 3, classes: int = CLASSES
) -> tuple[Sample, np.ndarray]:
    """A sample of clusters, three times as many dimensions as classes, and which labels [P] are wrong."""
    generator = torch.Generator().manual_seed(seed)
    centres = F.normalize(torch.randn(classes, 3 * classes, generator=generator), dim=-1)
    true = torch.arange(classes).repeat_interleave(per_class)
    noise = spread * torch.randn(len(true), 3 * classes, generator=generator)
    features = F.normalize(centres[true] + noise, dim=-1)
    text = F.normalize(centres + 0.2 * torch.randn(centres.shape, generator=generator), dim=-1)
    wrong = torch.zeros(len(true), dtype=torch.bool)
    wrong[torch.randperm(len(true), generator=generator)[: int(rate * len(true))]] = True
    steps = torch.randint(1, classes, true.shape, generator=generator)
    labels = torch.where(wrong, (true + steps) % classes, true)
    return Sample(features, labels, text, 30.0, seed), wrong.numpy()


def under_every_label(sample: Sample, image: int) -> list[Sample]:
    """The sample C times, with each label at `image` in turn and the folds of the first."""
    found = []
    for label in range(sample.classes):
        labels = sample.labels.clone()
        labels[image] = label
        other = replace(sample, labels=labels)
        other.__dict__["fold"] = sample.fold
        found.append(other)
    return found


def total_probability(label_quality: Callable[[Sample], torch.Tensor], image: int = 5) -> float:
    """The sum over labels of the probability that a detector gives an image's label: 1 if it has no part in its own."""
    sample, _ = clusters(per_class=9, spread=0.3)
    return sum(float(label_quality(one)[image].exp()) for one in under_every_label(sample, image))
