"""NCE + RCE: normalized plus reverse cross-entropy on prompts."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch import Tensor

from methods.coop import PromptMethod
from methods.functional import losses

NAME = "NCE+RCE"
FAMILY = "prompt"
LOSS_OF = "coop"
MADE_FOR_WRONG_LABELS = True


class Method(PromptMethod):
    """Normalized plus reverse cross-entropy, an active passive loss, on a learned context; Ma et al. 2020 (2006.13554).

    alpha log p_y / sum_k log p_k + beta 9.21 (1 - p_y). Published: alpha 1, beta 1 (CIFAR-10, our default) and
    alpha 10, beta 0.1 (CIFAR-100).
    """

    alpha: Annotated[float, Ge(0)] = 1.0
    beta: Annotated[float, Ge(0)] = 1.0

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """alpha NCE + beta RCE [R, B]."""
        active = losses.normalized_cross_entropy(logits, labels)
        return self.alpha * active + self.beta * losses.reverse_cross_entropy(logits, labels)
