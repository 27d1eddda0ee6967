"""Label smoothing on prompts."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Gt, Lt
from torch import Tensor

from methods.coop import PromptMethod
from methods.functional import losses

NAME = "label smoothing"
FAMILY = "prompt"
LOSS_OF = "coop"


class Method(PromptMethod):
    """Cross-entropy against smoothed labels on a learned context; Szegedy et al. 2016 (1512.00567).

    The target is 1 - smoothing on the label and smoothing / (C - 1) on the other classes, as in PTNL's released code
    (2307.11978); the original spreads smoothing over all C classes. Its smoothing is 0.1; PTNL's is not known.
    """

    smoothing: Annotated[float, Gt(0), Lt(1)] = 0.1

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy against the smoothed label [R, B]."""
        return losses.smoothed_cross_entropy(logits, labels, self.smoothing)
