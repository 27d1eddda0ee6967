"""LP++: a linear probe with text features, whose step sizes are computed."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor

from datamodules.batches import Batch
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.core.given import GivenImages


class Method(AnyLoss, BaseMethod):
    """A linear probe that blends class prototypes and text features by learned factors; LP++ (2404.02285).

    Logits are f . (w_k + alpha_k t_k) for the unit feature f and the text feature t_k, without CLIP's scale; w [C, E]
    and alpha [C] are learned. Nothing is tuned: w_k starts at the sum of the features labelled k, all alpha_k at 250
    times the mean similarity of images with the text feature of their own label (over images, then over classes), and
    the step sizes are those of the released code, 4 N / lambda_max(F'F) for w and N / (4 max_k sum_i (f_i . t_k)^2) for
    alpha, from Lipschitz constants of cross-entropy over the N training features F. Published: 300 full-batch steps
    with momentum 0.9 for w, one step of alpha without momentum after every ten.

    Differences: there are as many full-batch steps as the recipe has batches in all, at these sizes instead of its
    learning rates, and alpha moves in each of them, by a tenth of its size times 1 - momentum, which is equally far in
    all. The released code adds a bias that starts at random, takes one augmented view of each image, and reports the
    epoch that is best on validation images; here there is no bias, images are plain, and the last epoch counts. Curves
    of predictions on training batches are left out.
    """

    weight_decay = 0.0
    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    remembered: ClassVar[tuple[str, ...]] = (*AnyLoss.remembered, "steps")
    given: GivenImages
    texts: Tensor
    steps: Tensor

    def build(self) -> None:
        """Makes room for w [R, C, E] and alpha [R, C]."""
        runs, texts = len(self.task.seeds), self.zero_shot()
        self.register_buffer("texts", texts, persistent=False)
        self.register_buffer("steps", texts.new_ones(2, runs), persistent=False)
        self.prototypes = torch.nn.Parameter(torch.zeros_like(texts).repeat(runs, 1, 1))
        self.alpha = torch.nn.Parameter(texts.new_full((runs, len(texts)), self.task.backbone.scale))

    def start_training(self) -> None:
        """Computes the step sizes."""
        self.given = GivenImages.of(self.data, self.rows)
        features, counts = self._features(), self.given.valid.sum(1)
        largest = torch.linalg.eigvalsh(features.mT @ features)[:, -1]
        similarities = (features @ self.texts.T).square().sum(1).amax(-1)
        slower = (1 - self.task.recipe.momentum) / 10
        self.steps = torch.stack([4 * counts / largest, slower * counts / (4 * similarities)])

    def start_epoch(self) -> None:
        """Starts w and alpha from the training images."""
        if self.current_epoch > 0:
            return
        features, given = self._features(), self.given
        place = given.labels.unsqueeze(-1).expand_as(features)
        sums = torch.zeros_like(self.prototypes).scatter_add(1, place, features)
        images = torch.zeros_like(self.alpha).scatter_add(1, given.labels, given.valid.to(sums.dtype))
        similarities = (sums * self.texts).sum(-1) / images.clamp(min=1)
        alpha = 250 * similarities.sum(1) / (images > 0).sum(1).clamp(min=1)
        self.prototypes.data.copy_(sums)
        self.alpha.data.copy_(alpha.unsqueeze(1).expand_as(self.alpha))

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """Every replica's loss [R] on all of its training images, where it has a batch."""
        features, given = self._features(), self.given
        whole = replace(batch, features=features, labels=given.labels, valid=given.valid, images=given.images)
        each = self.loss_per_image(self.logits(features, weights), whole)
        return torch.where(batch.active, self.mean_per_run(each, whole), 0)

    def _features(self) -> Tensor:
        return torch.where(self.given.valid.unsqueeze(-1), self.data.pool()[self.given.images], 0)

    def class_weights(self) -> Tensor:
        """(w + alpha t) / s [R, C, E], since logits are multiplied by CLIP's scale s."""
        prototypes = _scale_gradient(self.prototypes, self.steps[0, :, None, None])
        alpha = _scale_gradient(self.alpha, self.steps[1, :, None])
        return (prototypes + alpha.unsqueeze(-1) * self.texts) / self.task.backbone.scale

    def lr(self, epoch: int, step: int = 0, steps: int = 1) -> float:
        """1, since gradients have their step sizes already."""
        return 1.0


def _scale_gradient(tensor: Tensor, factor: Tensor) -> Tensor:
    """The same numbers, whose gradient is multiplied by `factor`."""
    used = tensor.view_as(tensor)
    if used.requires_grad:
        used.register_hook(lambda gradient: gradient * factor)
    return used
