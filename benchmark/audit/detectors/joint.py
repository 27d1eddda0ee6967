"""`joint`: the probability that a label is right by all classifiers together, the score of `promptnoise audit`."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.classifiers import audit
from benchmark.audit.estimate import Estimate
from benchmark.audit.explanation import wrong_probability
from benchmark.audit.sample import Sample


def label_quality(sample: Sample) -> Tensor:
    """Returns minus the probability [P] that the given label is wrong."""
    return -wrong_probability(estimated(sample).true, sample.labels)


def estimated(sample: Sample) -> Estimate:
    """All that the score rests on."""
    return audit(sample)
