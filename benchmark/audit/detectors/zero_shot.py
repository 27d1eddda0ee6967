"""`zero_shot`: zero-shot CLIP, which sees no label."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.sample import Sample


def suspicion(sample: Sample) -> Tensor:
    """Returns minus the log-probability [P] of the given label."""
    logits = sample.scale * sample.features @ sample.text.T
    return -sample.of_given(logits.log_softmax(1))
