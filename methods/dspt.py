"""DSPT: double-softmax prompt tuning."""

from __future__ import annotations

from torch import Tensor

from methods.coop import PromptMethod
from methods.functional import losses

NAME = "DSPT"
FAMILY = "prompt"
LOSS_OF = "coop"
MADE_FOR_WRONG_LABELS = True


class Method(PromptMethod):
    """Cross-entropy on a double softmax of the scaled CLIP logits; DSPT (2605.00591), without hyper-parameters."""

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """-log softmax(softmax(z))_y [R, B]."""
        return losses.double_softmax(logits, labels)
