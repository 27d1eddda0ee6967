"""CoOp: context optimisation."""

from __future__ import annotations

from torch import Tensor

from methods.core.prompt import PromptMethod
from methods.functional import losses


class Method(PromptMethod):
    """Cross-entropy on a learned context; Zhou et al. 2022 (2109.01134).

    Published: 16 tokens, SGD, lr 0.002, momentum 0.9, weight decay 5e-4, batch 32, 200 epochs at 16 shots, one
    constant warm-up epoch at 1e-5 and then a cosine schedule: the recipe `coop`, of all but the embedded backbones.
    """

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy [R, B]."""
        return losses.cross_entropy(logits, labels)
