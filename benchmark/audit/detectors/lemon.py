"""`lemon`: distance to the label's text, and of neighbours in image and text space; after LEMoN (2407.18941).

With its fixed hyper-parameters, on labels that are classes: the distance of two texts is 0 or 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from benchmark.audit.sample import Sample

BETA = GAMMA = 5.0
NEAR = 0.1
MATCH = 5.0
K = 25


def suspicion(sample: Sample) -> Tensor:
    """Returns d + BETA s_n + GAMMA s_m [P]: image to text, and two weighted means over neighbours."""
    own = 1 - (sample.features * sample.text[sample.labels]).sum(1)
    cosines, indices = sample.nearest
    weight = (-NEAR * (1 - cosines) - MATCH * own[indices]).exp()
    differs = (sample.labels[indices] != sample.labels[:, None]).float()
    by_image = (differs * weight).mean(1)
    by_text = torch.zeros_like(own)
    for label in sample.labels.unique().tolist():
        here = torch.nonzero(sample.labels == label)[:, 0]
        distance = 1 - sample.centred[here] @ sample.centred[here].T
        distance.fill_diagonal_(torch.inf)
        near, places = distance.topk(min(K, len(here) - 1), largest=False)
        if near.shape[1]:
            by_text[here] = (near * (-MATCH * own[here][places]).exp()).mean(1)
    return own + BETA * by_image + GAMMA * by_text
