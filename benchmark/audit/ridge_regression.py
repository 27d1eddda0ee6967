"""Ridge regression on one-hot labels, out of fold."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

STRENGTHS = tuple(10.0 ** (power / 2) for power in range(-6, 2))
#: The least mean square of a feature that counts: equal images have 0.
LEAST = 1e-9


def ridge_values(features: Tensor, labels: Tensor, fold: Tensor, classes: int) -> Tensor:
    """Regression values [P, C] of one-hot labels on features [P, E] and a constant, out of fold.

    The strength, in units of the mean square of a feature times the number of images, is the one of STRENGTHS under
    which most out-of-fold predictions equal the given labels [P]: no clean label is needed. Images without a label,
    -1, are passed over.
    """
    x = torch.cat([features, features.new_ones(len(features), 1)], 1)
    given, there = F.one_hot(labels.clamp(min=0), classes).to(x), (labels >= 0).to(x)[:, None]
    folds = [fold == number for number in range(int(fold.max()) + 1)]
    moments = [(x[own].T @ (there[own] * x[own])).double() for own in folds]
    targets = [(x[own].T @ (there[own] * given[own])).double() for own in folds]
    whole, goal = torch.stack(moments).sum(0), torch.stack(targets).sum(0)
    spectra = [torch.linalg.eigh(whole - moment) for moment in moments]
    unit, best, most = max(float(whole.diagonal()[:-1].mean()), LEAST), x.new_zeros(len(x), classes), -1
    for strength in STRENGTHS:
        values = x.new_empty(len(x), classes)
        for own, (spectrum, basis), target in zip(folds, spectra, targets, strict=True):
            inverse = 1 / (spectrum.clamp(min=0) + strength * unit)
            values[own] = x[own] @ (basis @ (inverse[:, None] * (basis.T @ (goal - target)))).to(x)
        equal = int((values.argmax(1) == labels).sum())
        if equal > most:
            best, most = values, equal
    return best
