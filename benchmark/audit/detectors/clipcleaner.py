"""`clipcleaner`: loss and consistency of a zero-shot and a logistic classifier; CLIPCleaner (2408.10012)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from benchmark.audit.sample import Sample
from methods.functional.label_votes import regression, votes

NEEDS_TEXTS = True
TEMPERATURE = 0.07


def label_quality(sample: Sample) -> Tensor:
    """Returns the mean [P] of the four votes, each from 0 to 1.

    CLIPCleaner keeps what passes a threshold in all four; here the mean ranks images. Its prompts describe classes by
    several generated features each; here they are the data set's own.
    """
    labels, features = sample.labels.numpy(), sample.features.numpy()
    found = [
        vote
        for probabilities in (zero_shot(sample).numpy(), regression(features, labels, sample.classes))
        for vote in votes(probabilities, labels, sample.seed)
    ]
    return torch.from_numpy(np.mean(found, 0)).float()


def zero_shot(sample: Sample) -> Tensor:
    """Probabilities softmax(cos / 0.07) [P, C] of the classes, by their texts."""
    return (sample.features.double() @ sample.text.double().T / TEMPERATURE).softmax(1)
