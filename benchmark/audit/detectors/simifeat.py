"""`simifeat`: a vote of the ten nearest neighbours, as in SimiFeat (2110.06283)."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.neighbours import votes
from benchmark.audit.sample import Sample

K = 10


def suspicion(sample: Sample) -> Tensor:
    """Returns minus the share [P] of the given label in the vote; SimiFeat's thresholds per class are not applied."""
    cosines, indices = (found[:, :K] for found in sample.nearest)
    return -sample.of_given(votes(cosines, indices, sample.labels, sample.classes))
