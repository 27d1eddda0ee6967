"""VPT: visual prompt tuning."""

from __future__ import annotations

from typing import Annotated, ClassVar

from annotated_types import Ge
from torch import Tensor

from datamodules.batches import Images
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.core.image_prompt import ImagePrompt

NAME = "VPT"
FAMILY = "prompt"


class Method(AnyLoss, BaseMethod):
    """Learned tokens in the image tower: VPT-shallow; Jia et al. 2022 (2203.12119), in CLIP as in GRIP (2306.01669).

    `n_ctx` counts the tokens (0: 16). The classes are named by the data set's template. Test accuracy is measured after
    the last epoch only, since images go through the tower (`ImagePrompt`).
    Settings in GRIP: 16 tokens, SGD lr 0.1, weight decay 0.1, batch 16, 150 epochs; here the recipe of all prompts.
    `loss` replaces cross-entropy: `dspt` is double softmax on visual prompts (2605.00591).
    """

    inputs: ClassVar[str] = "images"
    n_ctx: Annotated[int, Ge(0)] = 0

    def build(self) -> None:
        """Draws the tokens [R, V, W] and encodes the class names."""
        super().build()
        self.visual = ImagePrompt(self.task, self.n_ctx or 16)

    def image_features(self, images: Images) -> Tensor:
        """Unit features [R, B, E], through the image tower with its tokens."""
        return self.visual.features(images)
