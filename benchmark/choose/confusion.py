"""How labels go wrong, estimated without clean ones, and whether agreement with given labels can be trusted then."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.functional.label_em import above_chance, standardised, true_labels

#: Weight of zero-shot CLIP beside the class means: that of the two judges of `em_means` together.
JUDGE = 0.4
#: Share of the classes whose images must mostly have their own label for noisy validation to be trusted.
ENOUGH = 0.9


def estimated_confusion(features: Tensor, labels: Tensor, text: Tensor) -> Tensor:
    """The probability [C, C] of given labels (columns) by true class (rows).

    EM for the true labels of the images, unit features [P, E] with given labels [P], between zero-shot CLIP (unit text
    features [C, E]) and the class means, as in the method `em_means` before it has trained a prompt.
    """
    cosines, given = (features @ text.T)[None], labels[None]
    valid = torch.ones_like(given, dtype=torch.bool)
    judgement = JUDGE * standardised(cosines, valid)
    return true_labels(features[None], given, valid, judgement, above_chance(cosines, given, valid))[1][0]
