"""`logistic`: self-confidence of an out-of-fold logistic regression, the default of cleanlab (1911.00068)."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from benchmark.audit.sample import FOLDS, Sample


def suspicion(sample: Sample) -> Tensor:
    """Returns minus the probability [P] of the given label."""
    return -sample.of_given(probabilities(sample))


def probabilities(sample: Sample) -> Tensor:
    """Out-of-fold probabilities [P, C] by scikit-learn's logistic regression with its own settings."""
    x, labels, fold = sample.features.numpy(), sample.labels.numpy(), sample.fold.numpy()
    found = np.zeros((len(x), sample.classes), np.float32)
    for number in range(FOLDS):
        own = fold == number
        model = LogisticRegression().fit(x[~own], labels[~own])
        found[np.ix_(own, model.classes_)] = model.predict_proba(x[own])
    return torch.from_numpy(found)
