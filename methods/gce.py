"""GCE: generalized cross-entropy on prompts."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Gt, Le
from torch import Tensor

from methods.coop import PromptMethod
from methods.functional import losses

NAME = "PromptGCE"
FAMILY = "prompt"
LOSS_OF = "coop"
MADE_FOR_WRONG_LABELS = True


class Method(PromptMethod):
    """Generalized cross-entropy on a learned context; Zhang & Sabuncu 2018 (1805.07836).

    q = 0.7 in the original and in PTNL's paper (2307.11978), 0.5 in PTNL's released code. That code also adds 1e-6 to
    p_y, since p_y^q has no gradient at 0; here the loss is computed from log p_y, which needs no offset.
    """

    q: Annotated[float, Gt(0), Le(1)] = 0.7

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(1 - p_y^q) / q [R, B]."""
        return losses.generalized_cross_entropy(logits, labels, self.q)
