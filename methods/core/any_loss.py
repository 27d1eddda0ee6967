"""A choice of losses, for methods that are not about the loss."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Gt, Le
from torch import Tensor

from methods.functional import losses


class AnyLoss:
    """Adds the options `loss`, cross-entropy unless said otherwise, and `q` for generalized cross-entropy."""

    loss_: Literal["ce", "gce", "mae", "dspt"] = "ce"
    q: Annotated[float, Gt(0), Le(1)] = 0.7

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The chosen loss [R, B]."""
        match self.loss_:
            case "ce":
                return losses.cross_entropy(logits, labels)
            case "gce":
                return losses.generalized_cross_entropy(logits, labels, self.q)
            case "mae":
                return losses.mean_absolute_error(logits, labels)
            case "dspt":
                return losses.double_softmax(logits, labels)
