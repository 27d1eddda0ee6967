"""`clipcleaner`: loss and consistency of a zero-shot and a logistic classifier; after CLIPCleaner (2408.10012).

CLIPCleaner keeps what every filter keeps. Here an image's suspicion is its mean over the four filters, so that images
can be ranked. Its prompts describe classes by several features; here they are the data set's own.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from benchmark.audit.sample import Sample
from methods.functional.mixture import split


def suspicion(sample: Sample) -> Tensor:
    """Returns the mean [P] of four values from 0 to 1."""
    text = (sample.scale * sample.features @ sample.text.T).softmax(1)
    model = LogisticRegression().fit(sample.features.numpy(), sample.labels.numpy())
    fitted = torch.zeros_like(text)
    fitted[:, torch.from_numpy(model.classes_)] = torch.from_numpy(
        model.predict_proba(sample.features.numpy()).astype(np.float32)
    )
    found = [value for probability in (text, fitted) for value in _filters(sample, probability)]
    return torch.stack(found).mean(0)


def _filters(sample: Sample, probability: Tensor) -> tuple[Tensor, Tensor]:
    """Probability [P] of being noisy by a mixture of losses, and 1 - p_y / max p [P]."""
    given = sample.of_given(probability)
    loss = -given.clamp(min=1e-8).log()
    scaled = ((loss - loss.min()) / (loss.max() - loss.min()).clamp(min=1e-12)).double().numpy()
    clean = split(scaled, 0.5, sample.seed)[1]
    return torch.from_numpy(1 - clean).float(), 1 - given / probability.max(1).values
