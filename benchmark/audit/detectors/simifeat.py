"""`simifeat`: a vote of an image and its nine nearest neighbours; SimiFeat (2110.06283)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.audit.sample import Sample

K = 10
LEAST = 1e-8


def label_quality(sample: Sample, k: int = K) -> Tensor:
    """Returns the log of the given label's entry [P] in the vote, whose squares sum to 1.

    A neighbour's vote weighs its cosine, the image's own w_1 + (w_1 - w_2), which goes on from its first two
    neighbours. The released code then marks as many images of each class as an estimated transition matrix says, and
    draws random crops anew in every round; here images are ranked, by one plain view.
    """
    cosines, indices = (found[:, : k - 1] for found in sample.nearest_uncentred)
    own = 2 * cosines[:, :1] - cosines[:, 1:2] if cosines.shape[1] > 1 else torch.ones_like(cosines[:, :1])
    labels = torch.cat([sample.labels[:, None], sample.labels[indices]], 1)
    votes = sample.features.new_zeros(len(labels), sample.classes)
    votes = F.normalize(votes.scatter_add_(1, labels, torch.cat([own, cosines], 1)), dim=1)
    return sample.of_given(votes).clamp(min=LEAST).log()
