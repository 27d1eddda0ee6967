"""`ridge`: out-of-fold ridge regression on one-hot labels."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.ridge_regression import ridge_values
from benchmark.audit.sample import Sample

#: Sharpness of the softmax.
SCALE = 10.0


def label_quality(sample: Sample) -> Tensor:
    """Returns the log-probability [P] of the given label, from the softmax of scaled regression values."""
    values = ridge_values(sample.centred, sample.labels, sample.fold, sample.classes)
    return sample.of_given((SCALE * values).log_softmax(1))
