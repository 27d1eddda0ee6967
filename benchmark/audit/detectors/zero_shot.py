"""`zero_shot`: self-confidence of zero-shot CLIP, which sees no label: what cleanlab makes of it (1911.00068)."""

from __future__ import annotations

from torch import Tensor

from benchmark.audit.sample import Sample

NEEDS_TEXTS = True


def probabilities(sample: Sample) -> Tensor:
    """Zero-shot probabilities [P, C]."""
    return sample.zero_shot.exp()
