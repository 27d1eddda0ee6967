"""Which images a person should look at: those that would tell most."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

#: Images to look at.
MOST = 20


def questions(
    explanations: Sequence[Tensor], labels: Tensor, checked: Tensor | None = None, most: int = MOST
) -> Tensor:
    """The images [n] to look at, most telling first, by probabilities [P, C] of true classes of each explanation.

    What an image tells is the Jensen-Shannon divergence of the explanations, with one alone the entropy. The images of
    one given label [P] take turns with those of others, so that no class is asked for alone; images that are `checked`
    are not asked for again.
    """
    mean = torch.stack(list(explanations)).mean(0)
    told = _entropy(mean)
    if len(explanations) > 1:
        told = told - torch.stack([_entropy(one) for one in explanations]).mean(0)
    if checked is not None:
        told = told.masked_fill(checked >= 0, -1)
    order = told.argsort(descending=True, stable=True).numpy()
    given, turn = labels.numpy()[order], np.zeros(len(order), np.int64)
    for label in np.unique(given):
        turn[given == label] = np.arange((given == label).sum())
    rows = torch.from_numpy(order[np.argsort(turn, kind="stable")])
    return rows[told[rows] > 0][:most]


def _entropy(true: Tensor) -> Tensor:
    return -(true * true.clamp(min=1e-30).log()).sum(1)
