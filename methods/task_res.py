"""TaskRes: what a task adds to the text features."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor
from torch.nn.functional import normalize

from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod

NAME = "TaskRes"
FAMILY = "adapter"


class Method(AnyLoss, BaseMethod):
    """A learned residual on the text features of the class names; TaskRes (2211.10277).

    The class weights are t_c + alpha x_c, then of unit length, with t_c the text feature, as long as the tower makes
    it, and x [C, E] learned from 0. Published: alpha 0.5 (1 on Flowers), Adam at 0.002 (0.0002 on ImageNet), batch 256,
    100 epochs up to 4 shots and 200 for more: recipe `task_res`. Weight decay pulls the residual towards 0, and with it
    the classifier towards zero-shot CLIP's.

    The released code's "enhanced base", which starts from a text projection that was tuned before, is left out. `unit`
    takes text features of unit length, which the same residual turns 7 to 10 times as far in OpenAI's models, and 20
    times in the embedded ones.
    """

    alpha: Annotated[float, Gt(0)] = 0.5
    unit: bool = False

    base: Tensor

    def build(self) -> None:
        """Starts the residuals [R, C, E] at 0."""
        self._keep(base=self.zero_shot(self.unit))
        self.residual = torch.nn.Parameter(torch.zeros_like(self.base).repeat(len(self.task.seeds), 1, 1))

    def class_weights(self) -> Tensor:
        """Text features with their residuals, of unit length [R, C, E]."""
        return normalize(self.base + self.alpha * self.residual, dim=-1)
