"""`joint`: the probability that a label is wrong by all classifiers together, the score of `promptnoise audit`."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.joint import audit
from benchmark.audit.sample import Sample


def suspicion(sample: Sample) -> Tensor:
    """Returns the probability [P] that the given label is wrong."""
    return audit(sample)[0].wrong(sample.labels)
