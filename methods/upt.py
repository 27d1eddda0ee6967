"""UPT: unified prompt tuning of text and image tower."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from torch import Tensor

from datamodules.batches import Images
from methods.clip.prompt import Prompt
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss
from methods.core.image_prompt import ImagePrompt

NAME = "UPT"
FAMILY = "prompt"


class Method(AnyLoss, PromptMethod):
    """Text and visual tokens learned jointly: UPT; Zang et al. 2022 (2210.07225), as in GRIP (2306.01669).

    `n_ctx` counts the tokens of either side (0: 4), which a layer joins (`ImagePrompt`), at a tenth of the learning
    rate. Test accuracy is measured after the last epoch only, since images go through the tower.
    Settings in GRIP: 4 + 4 tokens, SGD lr 0.01, weight decay 0.1, batch 16, 150 epochs; here the recipe of all prompts.
    `loss` replaces cross-entropy: `dspt` is double softmax on multimodal prompts (2605.00591).
    """

    inputs: ClassVar[str] = "images"

    def build(self) -> None:
        """Draws the context [R, N, D], the tokens [R, V, W] and the layer that joins them."""
        self.n_ctx = self.n_ctx or 4
        super().build()
        self.visual = ImagePrompt(self.task, self.n_ctx, joined=True)

    def prompt(self) -> Prompt | None:
        """The joined contexts in their places."""
        plain = super().prompt()
        return plain and replace(plain, ctx=self.visual.joined(self.ctx)[0])

    def image_features(self, images: Images) -> Tensor:
        """Unit features [R, B, E], through the image tower with the joined tokens."""
        return self.visual.features(images, self.ctx)

    def lr(self, epoch: int, step: int = 0, steps: int = 1) -> float:
        """A tenth of the recipe's."""
        return super().lr(epoch, step, steps) / 10
