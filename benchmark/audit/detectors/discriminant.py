"""`discriminant`: out-of-fold discriminant analysis in which doubtful images count less."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.joint import discriminant_parts
from benchmark.audit.sample import Sample


def suspicion(sample: Sample) -> Tensor:
    """Returns minus the log-probability [P] of the given label."""
    return -sample.of_given(discriminant_parts(sample)[1].log_softmax(1))
