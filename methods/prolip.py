"""ProLIP's regularised linear adapter."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor

from datamodules.batches import Batch, Images
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
    with N the number of images per labelled class, which the paper uses without validation. Published: Adam at 0.00001
    (0.01 to 0.00001 in its tables), 300 full-batch epochs with one augmented view of each image: recipe `prolip`.

    ProLIP proper tunes the last projection matrix of the image tower, for which it needs the features before it; the
    feature bank holds those behind it, so that this is the regularised linear adapter that the paper compares with. The
    released code adapts features before they are of unit length, which is the same.
    """

    penalty: Annotated[float, Ge(0)] = 0.0

    weight_decay = 0.0
    remembered: ClassVar[tuple[str, ...]] = ("strength",)
    strength: Tensor

    def build(self) -> None:
        """Starts what the maps add to the identity, A - I [R, E, E], at 0."""
        super().build()
        runs, width = len(self.task.seeds), self.texts.shape[-1]
        self._keep(strength=self.texts.new_full((runs,), self.penalty))
        self.change = torch.nn.Parameter(self.texts.new_zeros(runs, width, width))

    def start_training(self) -> None:
        """Computes the strength [R] of the penalty."""
        counts = GivenImages.of(self.data, self.rows).counts
        each = [len(self.data.seen(row)) / max(1, count) for row, count in enumerate(counts, self.rows.start)]
        self.strength = torch.tensor([self.penalty or one for one in each], device=self.strength.device)

    def ranking_weights(self, weights: Tensor) -> Tensor:
        """Mapped class weights [R, C, E]: an image's length after the map changes no order of its logits."""
        return torch.baddbmm(weights, weights, self.change)

    def image_features(self, images: Images) -> Tensor:
        """Mapped features [R, B, E], of any length."""
        mapped, self._size = Mapped.apply(self.change, images.features.expand(len(self.change), -1, -1))
        return torch.as_tensor(mapped)

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Mapped features [R, B, E] and class weights [R, C, E] to logits [R, B, C]."""
        lengths: Tensor = features.norm(dim=-1, keepdim=True)
        return features @ (self.task.backbone.scale * weights).mT / lengths.clamp(1e-12)

    def mean_per_run(self, each: Tensor, batch: Batch) -> Tensor:
        """The mean loss [R] with the penalty, where a run has a batch."""
        return super().mean_per_run(each, batch) + torch.where(batch.active, self.strength * self._size, 0)


class Mapped(torch.autograd.Function):
    """Features after the maps A, and the sizes |A - I|^2 [R], whose gradients are added without another E x E."""

    @staticmethod
    def forward(ctx: Any, change: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """A - I [R, E, E] and features [R, B, E] to mapped features [R, B, E] and sizes [R]."""
        ctx.save_for_backward(change, features)
        return torch.baddbmm(features, features, change.mT), torch.linalg.vector_norm(change, dim=(1, 2)).square()

    @staticmethod
    def backward(ctx: Any, mapped: Tensor, sizes: Tensor) -> tuple[Tensor, None]:
        """Their gradients to that of A - I."""
        change, features = ctx.saved_tensors
        return (mapped.mT @ features).addcmul_(change, 2 * sizes[:, None, None]), None
