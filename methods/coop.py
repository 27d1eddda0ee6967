"""CoOp."""

from __future__ import annotations

from torch import Tensor

from methods.core.prompt import PromptMethod
from methods.functional import losses


class Method(PromptMethod):
    """Cross-entropy on a learned context; Zhou et al. 2022 (2109.01134).

    Published: 16 tokens, SGD lr 0.002, momentum 0.9, weight decay 5e-4, batch 32, 200 epochs at 16 shots, a constant
    first epoch and then a cosine: the recipe of real backbones (`recipe.COOP`).
    """

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy [R, B]."""
        return losses.cross_entropy(logits, labels)
