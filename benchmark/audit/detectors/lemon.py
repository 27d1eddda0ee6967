"""`lemon`: distance to the label's text, and of neighbours in image and text space; LEMoN (2407.18941).

With its fixed hyper-parameters, and with the discrete metric for texts, which its code has as an option: two labels are
0 or 1 apart.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.audit.sample import Sample

NEEDS_TEXTS = True
BETA = GAMMA = 5.0
NEAR = 0.1
MATCH = 5.0
K = 30


def label_quality(sample: Sample) -> Tensor:
    """Returns -(d + BETA s_n + GAMMA s_m) [P]: image to text, and two weighted means over neighbours.

    The neighbours of a text are the images with the same label. The released code takes the first K of them in the
    order of the files; here it is all of them, so that no order counts (average precision on real CLIP features 98.2,
    theirs 98.1).
    """
    own = 1 - (sample.features * sample.text[sample.labels]).sum(1)
    return -own - BETA * by_image(sample, own) - GAMMA * by_text(sample, own)


def by_image(sample: Sample, own: Tensor, k: int = K) -> Tensor:
    """s_n [P]: the fraction of other labels among the k nearest images, weighted by e^(NEAR cos - MATCH own)."""
    cosines, indices = (found[:, :k] for found in sample.nearest_uncentred)
    differs = sample.labels[indices] != sample.labels[:, None]
    return (differs * (NEAR * cosines - MATCH * own[indices]).exp()).mean(1)


def by_text(sample: Sample, own: Tensor) -> Tensor:
    """s_m [P]: the mean distance to the other images with the same label, weighted likewise; 0 if there is none."""
    weight = (NEAR - MATCH * own).exp()
    total = own.new_zeros(sample.classes).index_add_(0, sample.labels, weight)
    centre = sample.text.new_zeros(sample.text.shape).index_add_(
        0, sample.labels, weight[:, None] * sample.features
    )  # the image's own distance is 0, so that it may stay in the sum
    others = torch.bincount(sample.labels, minlength=sample.classes)[sample.labels] - 1
    distance = total[sample.labels] - (sample.features * centre[sample.labels]).sum(1)
    return distance / others.clamp(min=1)
