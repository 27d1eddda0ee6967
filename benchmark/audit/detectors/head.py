"""`head`: out-of-fold linear heads that start at the class names and are trained with GCE."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.classifiers import text_head
from benchmark.audit.sample import Sample


def label_quality(sample: Sample) -> Tensor:
    """Returns the log-probability [P] of the given label."""
    return sample.of_given(text_head(sample))
