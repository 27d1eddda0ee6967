"""ProLIP's regularised linear adapter."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor
from torch.nn.functional import normalize

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
    eye: Tensor

    def build(self) -> None:
        """Starts the maps [R, E, E] at the identity."""
        super().build()
        runs, eye = len(self.task.seeds), torch.eye(self.texts.shape[-1], device=self.texts.device)
        self._keep(eye=eye, strength=self.texts.new_full((runs,), self.penalty))
        self.map = torch.nn.Parameter(eye.repeat(runs, 1, 1))

    def start_training(self) -> None:
        """Computes the strength [R] of the penalty."""
        counts = GivenImages.of(self.data, self.rows).counts
        classes = [len(self.data.seen(row)) for row in range(self.rows.start, self.rows.stop)]
        each = [self.penalty or few / max(1, count) for few, count in zip(classes, counts, strict=True)]
        self.strength = torch.tensor(each, device=self.strength.device)

    def ranking_weights(self, weights: Tensor) -> Tensor:
        """Mapped class weights [R, C, E]: an image's length after the map changes no order of its logits."""
        return weights @ self.map

    def image_features(self, images: Images) -> Tensor:
        """Mapped unit features [R, B, E]."""
        return normalize(images.features @ self.map.mT, dim=-1)

    def mean_per_run(self, each: Tensor, batch: Batch) -> Tensor:
        """The mean loss [R] with the penalty, where a run has a batch."""
        penalty = self.strength * (self.map - self.eye).square().sum((1, 2))
        return super().mean_per_run(each, batch) + torch.where(batch.active, penalty, 0)
