"""CoOp."""

from __future__ import annotations

from torch import Tensor

from methods import losses
from methods.base import PromptMethod


class Method(PromptMethod):
    """Cross-entropy on a learned context; Zhou et al. 2022 (2109.01134)."""

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy [R, B]."""
        return losses.cross_entropy(logits, labels)
