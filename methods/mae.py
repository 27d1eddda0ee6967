"""MAE: mean absolute error on prompts (PromptMAE)."""

from __future__ import annotations

from torch import Tensor

from methods.coop import PromptMethod
from methods.functional import losses

NAME = "PromptMAE"
FAMILY = "prompt"
LOSS_OF = "coop"
MADE_FOR_WRONG_LABELS = True


class Method(PromptMethod):
    """Mean absolute error on a learned context: NLPrompt's PromptMAE (2412.01256).

    1 - p_y, as in its released code; the L1 distance between prediction and one-hot label is twice that.
    """

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """1 - p_y [R, B]."""
        return losses.mean_absolute_error(logits, labels)
