"""`means`: how little the out-of-fold mean of its given class resembles an image."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.class_means import class_means, out_of_fold
from benchmark.audit.sample import Sample


def label_quality(sample: Sample) -> Tensor:
    """Returns the log-probability [P] of the given label under out-of-fold class means."""
    means = class_means(sample.centred, sample.labels, sample.fold, sample.classes)
    return sample.of_given(out_of_fold(sample.centred, means, sample.fold))
