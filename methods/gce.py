"""Generalized cross-entropy on prompts."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Gt, Le
from torch import Tensor

from methods.core.prompt import PromptMethod
from methods.functional import losses


class Method(PromptMethod):
    """Generalized cross-entropy on a learned context; Zhang & Sabuncu 2018 (1805.07836).

    The original and PTNL's paper (2307.11978) have q = 0.7, PTNL's released code runs q = 0.5. It also adds 1e-6 to
    p_y, whose power has no gradient at 0; we stay in log space, where that is not needed.
    """

    q: Annotated[float, Gt(0), Le(1)] = 0.7

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(1 - p_y^q) / q [R, B]."""
        return losses.generalized_cross_entropy(logits, labels, self.q)
