"""KgCoOp: prompts held near the text features of zero-shot CLIP."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from datamodules.batches import Batch
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss

NAME = "KgCoOp"
FAMILY = "prompt"


class Method(AnyLoss, PromptMethod):
    """Cross-entropy + `weight` times the distance of the text features from zero-shot CLIP's; KgCoOp (2303.13283).

    The distance is the mean over classes of 1 - cos(w_c, w_c of zero-shot CLIP), as in the released code; the paper
    writes the mean squared Euclidean distance, which is twice that for unit features. Published: weight 8, a context of
    4 tokens that starts at "a photo of a" (our defaults), batch 128, SGD lr 0.002, 100 epochs, and for zero-shot CLIP
    "a photo of a {}, a type of texture." on DTD: all of the latter are the recipe `kgcoop`; under another recipe the
    template is the data set's, which is CoOp's.

    The gradient of cross-entropy grows with CLIP's logit scale, that of the distance does not: where the scale is 5
    instead of 100, as in the embedded backbones, weight 8 holds as tightly as 160 would.

    All classes count in the distance, those without labelled images under `trzsl` too. `loss` replaces cross-entropy.
    """

    weight: Annotated[float, Ge(0)] = 8.0
    init: str = "a photo of a"

    teacher: Tensor

    def build(self) -> None:
        """Keeps the text features of zero-shot CLIP, by the recipe's template if it has one."""
        super().build()
        self._keep(teacher=self.zero_shot(template=self.task.recipe.template))

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """The mean loss over images + `weight` (1 - mean cosine of the class weights with zero-shot CLIP's) [R]."""
        distance = 1 - (weights * self.teacher).sum(-1).mean(-1)
        return super().total_loss(batch, weights) + torch.where(batch.active, self.weight * distance, 0)
