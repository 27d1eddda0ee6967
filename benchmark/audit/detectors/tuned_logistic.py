"""`tuned_logistic`: as `logistic`, with the regularisation under which given labels are predicted best, out of fold."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.detectors import logistic
from benchmark.audit.sample import Sample

#: Unit features need less regularisation than scikit-learn's default, 1.
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
LEAST = 1e-6


def label_quality(sample: Sample) -> Tensor:
    """Returns the probability [P] of the given label."""
    return sample.of_given(probabilities(sample))


def probabilities(sample: Sample) -> Tensor:
    """Out-of-fold probabilities [P, C] with the C of STRENGTHS under which the given labels are likeliest."""
    found = [logistic.probabilities(sample, strength) for strength in STRENGTHS]
    return max(found, key=lambda own: float(sample.of_given(own).clamp(min=LEAST).log().mean()))
