"""CLIP-Adapter: a small network on image features."""

from __future__ import annotations

from math import sqrt
from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor
from torch.nn.functional import normalize

from datamodules.batches import Images
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod

NAME = "CLIP-Adapter"
FAMILY = "adapter"
COST = 3


class Method(AnyLoss, BaseMethod):
    """A bottleneck network on image features, mixed with the features themselves; CLIP-Adapter (2110.04544).

    f' = ratio A(f) + (1 - ratio) f, then unit length, with A(f) = relu(U relu(D f)), D [E / 4, E] and U [E, E / 4],
    without biases, from PyTorch's default draw. The classifier stays zero-shot CLIP's. Published: ratio 0.2 in the
    released code, chosen by data set in the paper; batch 32; the learning rate is here the recipe's. The paper's
    adapter on text features is left out, as in the released code.

    The released code adapts features before they are of unit length. Since relu(c x) = c relu(x) for c > 0, that is
    the same. Under `trzsl` the classes without labels profit from what is learned for the others, or suffer.
    """

    ratio: Annotated[float, Ge(0), Le(1)] = 0.2

    def build(self) -> None:
        """Draws D and U [R, ...]."""
        super().build()
        runs, width, device = len(self.task.seeds), self.texts.shape[-1], self.texts.device
        inner = max(1, width // 4)
        down, up = self.task.uniform("adapter", 2, inner * width).unbind(1)
        self.down = torch.nn.Parameter((down.view(runs, inner, width) / sqrt(width)).to(device))
        self.up = torch.nn.Parameter((up.view(runs, width, inner) / sqrt(inner)).to(device))

    def image_features(self, images: Images) -> Tensor:
        """Adapted unit features [R, B, E]."""
        features = images.features
        hidden = (features @ self.down.transpose(-1, -2)).relu()
        adapted = (hidden @ self.up.transpose(-1, -2)).relu()
        return normalize(self.ratio * adapted + (1 - self.ratio) * features, dim=-1)
