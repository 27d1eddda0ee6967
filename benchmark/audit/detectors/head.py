"""`head`: out-of-fold linear heads that start at the class names and are trained with GCE."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.joint import text_head
from benchmark.audit.sample import Sample


def suspicion(sample: Sample) -> Tensor:
    """Returns minus the log-probability [P] of the given label."""
    return -sample.of_given(text_head(sample))
