"""`discriminant`: out-of-fold discriminant analysis in which doubtful images count less."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.classifiers import discriminant_parts
from benchmark.audit.sample import Sample


def label_quality(sample: Sample) -> Tensor:
    """Returns the log-probability [P] of the given label."""
    return sample.of_given(discriminant_parts(sample)[1].log_softmax(1))
