"""PHuber-CE: partially Huberised cross-entropy on prompts."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Gt
from torch import Tensor

from methods.coop import PromptMethod
from methods.functional import losses

NAME = "PHuber-CE"
FAMILY = "prompt"
LOSS_OF = "coop"
MADE_FOR_WRONG_LABELS = True


class Method(PromptMethod):
    """Cross-entropy, linear in p_y below 1 / tau, on a learned context: PHuber-CE; Menon et al., ICLR 2020.

    tau = 10 as in PTNL's released code (2307.11978); the authors use 2 on CIFAR-10.
    """

    tau: Annotated[float, Gt(1)] = 10.0

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """-log p_y, or its tangent at 1 / tau [R, B]."""
        return losses.partially_huberised(logits, labels, self.tau)
