"""SCE: symmetric cross-entropy on prompts."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch import Tensor

from methods.coop import PromptMethod
from methods.functional import losses

NAME = "SCE"
FAMILY = "prompt"
LOSS_OF = "coop"
MADE_FOR_WRONG_LABELS = True


class Method(PromptMethod):
    """Cross-entropy plus reverse cross-entropy on a learned context: SCE; Wang et al. 2019 (1908.06112).

    alpha CE + beta RCE, with RCE = 9.21 (1 - p_y). Published: alpha 0.1, beta 1 (CIFAR-10, our default) and alpha 6,
    beta 0.1 (CIFAR-100). The paper sets log 0 = -4; released codes clip the one-hot label at 1e-4, as here.
    """

    alpha: Annotated[float, Ge(0)] = 0.1
    beta: Annotated[float, Ge(0)] = 1.0

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """alpha CE + beta RCE [R, B]."""
        forward = losses.cross_entropy(logits, labels)
        return self.alpha * forward + self.beta * losses.reverse_cross_entropy(logits, labels)
