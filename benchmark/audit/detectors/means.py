"""`means`: how little the out-of-fold mean of its given class resembles an image."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.class_means import mean_probabilities
from benchmark.audit.sample import Sample


def label_quality(sample: Sample) -> Tensor:
    """Returns the log-probability [P] of the given label under out-of-fold class means."""
    found = mean_probabilities(sample.centred, sample.labels, sample.fold, sample.classes)
    return sample.of_given(found)
