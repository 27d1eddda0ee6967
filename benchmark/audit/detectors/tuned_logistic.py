"""`tuned_logistic`: as `logistic`, with the regularisation under which given labels are predicted best, out of fold."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.detectors import logistic
from benchmark.audit.sample import Sample

#: Unit features need less regularisation than scikit-learn's default, 1.
STRENGTHS = (1.0, 10.0, 100.0, 1000.0)
LEAST = 1e-6


def probabilities(sample: Sample) -> Tensor:
    """Out-of-fold probabilities [P, C] with the C of STRENGTHS under which the given labels are likeliest.

    The likelihood rises with C and then falls: the first that falls ends the search.
    """
    best, most = sample.zero_shot, -float("inf")
    for strength in STRENGTHS:
        found = logistic.probabilities(sample, strength)
        likely = float(sample.of_given(found).clamp(min=LEAST).log().mean())
        if likely <= most:
            break
        best, most = found, likely
    return best
