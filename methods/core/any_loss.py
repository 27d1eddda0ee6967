"""A choice of losses, for methods that are not about the loss."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, ClassVar, Literal

import lightning
import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor

from datamodules.batches import Batch
from methods.core.given import GivenImages
from methods.core.setup import data_of
from methods.functional import losses

#: Epochs until `forget` is reached, as published for co-teaching (1804.06872).
FORGET_EPOCHS = 10
#: Losses without a setting of their own, or at the published one, besides cross-entropy.
OTHERS: dict[str, Callable[..., Tensor]] = {
    "mae": losses.mean_absolute_error, "dspt": losses.double_softmax,
    "phuber_ce": partial(losses.partially_huberised, tau=10.0),
    "label_smoothing": partial(losses.smoothed_cross_entropy, smoothing=0.1),
    "sce": lambda z, y: 0.1 * losses.cross_entropy(z, y) + losses.reverse_cross_entropy(z, y),
    "nce_rce": lambda z, y: losses.normalized_cross_entropy(z, y) + losses.reverse_cross_entropy(z, y),
}  # fmt: skip


class AnyLoss(lightning.LightningModule):
    """Adds to a base class the options `loss`, cross-entropy unless said otherwise, `q` of GCE, and `forget`.

    The losses are those of the methods with the same names, at their published settings, and "elr", early-learning
    regularisation (2007.00151): cross-entropy + 3 log(1 - <p, t>), with t a moving average (0.7) of an image's own
    predictions. `forget` leaves out the images with the largest losses, up to this fraction of each batch, growing
    linearly over 10 epochs: the selection of co-teaching (1804.06872), here with one network instead of two.
    """

    loss_: Literal["ce", "label_smoothing", "elr", "phuber_ce", "sce", "nce_rce", "gce", "dspt", "mae"] = "ce"
    q: Annotated[float, Gt(0), Le(1)] = 0.7
    forget: Annotated[float, Ge(0), Lt(1)] = 0.0

    remembered: ClassVar[tuple[str, ...]] = ("places", "averages")
    rows: slice

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The chosen loss [R, B], without what ELR adds to cross-entropy."""
        if self.loss_ == "gce":
            return losses.generalized_cross_entropy(logits, labels, self.q)
        return OTHERS.get(self.loss_, losses.cross_entropy)(logits, labels)

    def loss_per_image(self, logits: Tensor, batch: Batch) -> Tensor:
        """The chosen loss [R, B]."""
        each = self.loss(logits, batch.labels)
        return each + self._regularisation(logits, batch) if self.loss_ == "elr" else each

    def _regularisation(self, logits: Tensor, batch: Batch) -> Tensor:
        """ELR's 3 log(1 - <p, t>) [R, B], after an update of the averages t [R, N + 1, S]; the last is for padding."""
        if self.current_epoch == 0 and batch.step == 0:
            data = data_of(self.trainer)
            given = GivenImages.of(data, self.rows)
            order = torch.arange(given.images.shape[1], device=given.images.device).expand_as(given.images)
            self.places = given.on_pool(order, len(data.dataset.train.labels))
            runs, images = given.images.shape
            self.averages = logits.new_zeros(runs, images + 1, logits.shape[-1], dtype=torch.float32)
        p = logits.float().softmax(-1).clamp(1e-4, 1 - 1e-4)
        at = torch.where(batch.valid, self.places.gather(1, batch.images), self.averages.shape[1] - 1)
        at = at.unsqueeze(-1).expand_as(p)
        now = p.detach() / p.detach().sum(-1, keepdim=True)
        average = 0.7 * self.averages.gather(1, at) + 0.3 * now
        self.averages.scatter_(1, at, average)
        return 3 * torch.log1p(-(p * average).sum(-1))

    def mean_per_run(self, each: Tensor, batch: Batch) -> Tensor:
        """The mean [R] over a run's images, without those that `forget` leaves out."""
        if not self.forget:
            plain: Tensor = super().mean_per_run(each, batch)  # type: ignore[misc]  # the method's base class has it
            return plain
        share = self.forget * min(1.0, (self.current_epoch + 1) / FORGET_EPOCHS)
        kept = (batch.valid.sum(1, keepdim=True) * (1 - share)).ceil()
        order = torch.where(batch.valid, each.detach(), torch.inf).argsort(stable=True, dim=1).argsort(dim=1)
        keep = order < kept
        return torch.where(keep, each, 0).sum(1) / kept.squeeze(1).clamp(min=1)
