"""`logistic`: self-confidence of an out-of-fold logistic regression, the default of cleanlab (1911.00068)."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from benchmark.audit.sample import FOLDS, Sample


def probabilities(sample: Sample, strength: float = 1.0) -> Tensor:
    """Out-of-fold probabilities [P, C] by scikit-learn's logistic regression, C = `strength`, else its own settings."""
    x, labels, fold = sample.features.numpy(), sample.labels.numpy(), sample.fold.numpy()
    found = np.zeros((len(x), sample.classes), np.float32)
    for number in range(FOLDS):
        own = fold == number
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # 100 iterations are its own setting
            model = LogisticRegression(C=strength).fit(x[~own], labels[~own])
        found[np.ix_(own, model.classes_)] = model.predict_proba(x[own])
    return torch.from_numpy(found)
