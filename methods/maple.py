"""MaPLe: deep prompts in both towers, those of the image tower computed from those of the text tower."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor, nn

from methods.core.any_loss import AnyLoss
from methods.core.deep import DeepPrompt

NAME = "MaPLe"
FAMILY = "prompt"


class Method(AnyLoss, DeepPrompt):
    """Cross-entropy on deep prompts of both towers, coupled by linear maps; MaPLe (2210.03117).

    The image tower's prompts of layer j are V_j = P_j F_j + b_j, with P_j [N, D] the text tower's and a learned map F_j
    [D, W] for each layer, drawn as `torch.nn.Linear` does, the same for all layers but the first. Published: 2 tokens
    in 9 layers, the context from "a photo of a", whose words "of a" stay (our defaults), ViT-B/16, SGD lr 0.0035, batch
    4, 5 epochs; here optimiser, batch and epochs are those of the recipe. Where a tower has fewer layers than
    `depth`, both have prompts in as many as the shallower one has: 2 in the embedded ViT.
    """

    n_ctx: Annotated[int, Ge(1)] = 2

    def build(self) -> None:
        """Draws the text tower's prompts and the maps [R, layers, D, W] with their offsets [R, layers, W]."""
        super().build()
        self.maps = nn.Parameter(self._like_linear("maps", self.ctx.shape[-1]))
        self.offsets = nn.Parameter(self._like_linear("offsets"))

    @property
    def text_layers(self) -> int:
        """The layers of both towers that have prompts."""
        return min(super().text_layers, self.image_layers)

    def image_prompts(self) -> Sequence[Tensor]:
        """The maps of the text tower's prompts [R, N, W], one for each layer."""
        text = torch.cat([self.ctx[:, None], self.deep_ctx], dim=1)
        return (text @ self.maps + self.offsets.unsqueeze(2)).unbind(1)

    def _like_linear(self, purpose: str, *inner: int) -> Tensor:
        """Numbers [R, layers, *inner, W], uniform in +- 1 / sqrt(D); all layers but the first start alike."""
        drawn = self.task.uniform(f"init {purpose}", 2, *inner, self.tower.width)
        places = torch.arange(self.text_layers).clamp(max=1)
        return 1 / sqrt(self.ctx.shape[-1]) * drawn[:, places].to(self.task.backbone.device)
