"""LP++: a linear probe with text features, whose step sizes are computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import Any, ClassVar

import torch
from torch import Tensor

from datamodules.batches import Batch
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod, Rate
from methods.core.given import GivenImages

NAME = "LP++"
FAMILY = "head"

#: Steps of w for one of alpha.
EVERY = 10


class Method(AnyLoss, BaseMethod):
    """A linear probe that blends class prototypes and text features by learned factors; LP++ (2404.02285).

    Logits are f . (w_k + alpha_k t_k) for the unit feature f and the text feature t_k, without CLIP's scale; w [C, E]
    and alpha [C] are learned. Nothing is tuned: w_k starts at the sum of the features labelled k, all alpha_k at 250
    times the mean similarity of images with the text feature of their own label (over images, then over classes), and
    the step sizes are 4 N / lambda_max(F'F) for w and N / (4 max_k sum_i (f_i . t_k)^2) for alpha, from Lipschitz
    constants of cross-entropy over the N training features F. Every step is on all training images, with momentum for
    w; alpha moves after every tenth, by its size times the sum of all its gradients so far, since the released code
    never clears them. Published: 300 such steps, momentum 0.9: recipe `lp_plus_plus`; under another one there are as
    many as it has batches in all, and its learning rates do not matter.

    Differences: the released code adds a `bias`, which moves accuracies at 50 % wrong labels by up to 0.5 points and
    makes the classifier more than class weights, so that it cannot be exported; takes one augmented view of each image,
    where ours are plain; and reports the epoch that is best on validation images, where here the last counts. Curves of
    predictions on training batches are left out.
    """

    bias: bool = False

    weight_decay = 0.0
    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    remembered: ClassVar[tuple[str, ...]] = ("steps", "taken")
    given: GivenImages
    features: Tensor
    steps: Tensor
    taken: Tensor

    def build(self) -> None:
        """Makes room for w [R, C, E] and alpha [R, C], and draws the bias [R, C] as `torch.nn.Linear` does."""
        runs, texts = len(self.task.seeds), self.zero_shot()
        taken = torch.zeros(runs, dtype=torch.long, device=texts.device)
        self._keep(texts=texts, steps=texts.new_ones(2, runs), taken=taken)
        self.prototypes = torch.nn.Parameter(torch.zeros_like(texts).repeat(runs, 1, 1))
        self.alpha = torch.nn.Parameter(texts.new_full((runs, len(texts)), self.task.backbone.scale))
        if self.bias:
            offsets = self.task.uniform("bias", len(texts)) / sqrt(texts.shape[1])
            self.offsets = torch.nn.Parameter(offsets.to(texts.device))

    @property
    def is_linear(self) -> bool:
        """Whether there is no bias."""
        return not self.bias

    def start_training(self) -> None:
        """Computes the step sizes, and starts w and alpha from the training images."""
        self.given = given = GivenImages.of(self.data, self.rows)
        counts = given.valid.sum(1)
        self.features = features = torch.where(given.valid.unsqueeze(-1), self.data.plain(given.images), 0)
        largest = torch.linalg.eigvalsh(features.mT @ features)[:, -1]
        similarities = (features @ self.texts.T).square().sum(1).amax(-1)
        self.steps = torch.stack([4 * counts / largest, counts / (4 * similarities)])
        place = given.labels.unsqueeze(-1).expand_as(features)
        sums = torch.zeros_like(self.prototypes).scatter_add(1, place, features)
        images = torch.zeros_like(self.alpha).scatter_add(1, given.labels, given.valid.to(sums.dtype))
        similarities = (sums * self.texts).sum(-1) / images.clamp(min=1)
        alpha = 250 * similarities.sum(1) / (images > 0).sum(1).clamp(min=1)
        self.prototypes.data.copy_(sums)
        self.alpha.data.copy_(alpha.unsqueeze(1).expand_as(self.alpha))
        self.taken = torch.zeros_like(self.taken)

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """Every run's loss [R] on all of its training images, where it has a batch."""
        features, given = self.features, self.given
        self.taken = self.taken + batch.active
        whole = replace(batch, features=features, labels=given.labels, valid=given.valid, images=given.images)
        each = self.loss_per_image(self.logits(features, weights), whole)
        return torch.where(batch.active, self.mean_per_run(each, whole), 0)

    def class_weights(self) -> Tensor:
        """(w + alpha t) / s [R, C, E], since logits are multiplied by CLIP's scale s."""
        return (self.prototypes + self.alpha.unsqueeze(-1) * self.texts) / self.task.backbone.scale

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Unit features [R or 1, B, E] to logits [R, B, C], with the bias."""
        plain = super().logits(features, weights)
        return plain + self.offsets.unsqueeze(1) if self.bias else plain

    def parameter_groups(self) -> Sequence[Mapping[str, Any]]:
        """SGD: w with the recipe's momentum, and alpha with all of its gradients so far."""
        (group,) = super().parameter_groups()
        rest = [one for one in group["params"] if one is not self.alpha]
        sgd = {**group, "optimizer": "sgd"}
        return [sgd | {"params": rest}, sgd | {"params": [self.alpha], "momentum": 1.0}]

    def rates(self, step: int) -> list[Rate]:
        """The step sizes [R]: alpha's is 0 but after every tenth step that a run takes."""
        return [self.steps[0], torch.where(self.taken % EVERY == 0, self.steps[1], 0)]
