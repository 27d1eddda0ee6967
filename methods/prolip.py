"""ProLIP's regularised linear adapter."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor

from datamodules.batches import Images
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.core.given import GivenImages

NAME = "ProLIP"
FAMILY = "adapter"
COST = 3


class Method(AnyLoss, BaseMethod):
    """A linear map of image features that is held to the identity; the linear adapter of ProLIP (2410.05270).

    f' = A f, then of unit length, with zero-shot CLIP's classifier; the loss is cross-entropy (or any `loss`) +
    `penalty` |A - I|^2 (sum of squares) for A [E, E], which starts at the identity I. The penalty 0 stands for 1 / N,
    with N the number of images per labelled class, which the paper uses without validation. Curves of the loss leave it
    out. Published: Adam at 0.00001 (0.01 to 0.00001 in its tables), 300 full-batch epochs with one augmented view of
    each image: recipe `prolip`.

    ProLIP proper tunes the last projection matrix of the image tower, for which it needs the features before it; the
    feature bank holds those behind it, so that this is the regularised linear adapter that the paper compares with. The
    released code adapts features before they are of unit length, which is the same.
    """

    penalty: Annotated[float, Ge(0)] = 0.0

    weight_decay = 0.0
    strength: Tensor

    def build(self) -> None:
        """Starts what the maps add to the identity, A - I [R, E, E], at 0."""
        super().build()
        runs, width = len(self.task.seeds), self.texts.shape[-1]
        self.change = torch.nn.Parameter(self.texts.new_zeros(runs, width, width))
        self.change.register_hook(lambda gradient: gradient.addcmul(self.change.detach(), 2 * self.strength))

    def start_training(self) -> None:
        """Computes the strength [R, 1, 1] of the penalty, whose gradient is added to the loss's."""
        counts = GivenImages.of(self.data, self.rows).counts
        each = [len(self.data.seen(row)) / max(1, count) for row, count in enumerate(counts, self.rows.start)]
        self.strength = self.change.new_tensor([self.penalty or one for one in each]).view(-1, 1, 1)

    def ranking_weights(self, weights: Tensor) -> Tensor:
        """Mapped class weights [R, C, E]: an image's length after the map changes no order of its logits."""
        return torch.baddbmm(weights, weights, self.change)

    def image_features(self, images: Images) -> Tensor:
        """Mapped features [R, B, E], of any length."""
        features = images.features.expand(len(self.change), -1, -1)
        return torch.baddbmm(features, features, self.change.mT)

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Mapped features [R, B, E] and class weights [R, C, E] to logits [R, B, C]."""
        lengths: Tensor = features.norm(dim=-1, keepdim=True)
        return features @ (self.task.backbone.scale * weights).mT / lengths.clamp(1e-12)
