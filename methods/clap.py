"""CLAP: a linear probe held to zero-shot CLIP, class by class."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from datamodules.batches import Batch
from methods.core.given import GivenImages
from methods.core.head import HeadMethod

NAME = "CLAP"
FAMILY = "head"


class Method(HeadMethod):
    """A linear head held to the text features by a penalty with one multiplier per class; CLAP (2312.12730).

    The loss is cross-entropy (or any `loss`) + mean_c lambda_c |w_c - t_c|^2 with t_c the text feature where w_c
    starts, as long as the tower makes it, and lambda_c the mean zero-shot probability of class c over the images that
    are labelled c, computed before training: names that zero-shot CLIP knows stay near their text features. Wrong
    labels lower lambda_c, and so loosen the classes that they hit. The classifier is w_c / |w_c|. Published: SGD at 0.1
    with momentum 0.9, batch 256, 300 epochs, cosine, no weight decay; the same for all tasks and shots, without
    validation: recipe `clap`.

    Differences from the released code: it takes lambda over 20 augmented views of each image and draws every batch from
    them; we take lambda over the plain image, and one new view for each epoch. Its variant that updates lambda after
    each epoch is left out, as in its scripts. A class without images has lambda 1.

    How tightly the penalty holds hangs on the length of the text features and on CLIP's logit scale: in OpenAI's models
    7 to 10 and 100, in the embedded ones 20 and 5, so that it holds there some 50 times as tightly, and all but keeps
    zero-shot CLIP. `unit` takes text features of unit length, with which it holds 100 times less.
    """

    unit: bool = False

    weight_decay = 0.0
    remembered: ClassVar[tuple[str, ...]] = ("multipliers",)
    multipliers: Tensor
    base: Tensor

    def build(self) -> None:
        """Starts the heads at the text features."""
        self._keep(base=self.zero_shot(self.unit))
        self.head = torch.nn.Parameter(self.base.repeat(len(self.task.seeds), 1, 1))
        self._keep(multipliers=self.head.new_ones(self.head.shape[:2]))

    def start_training(self) -> None:
        """Computes the multipliers [R, C]."""
        given = GivenImages.of(self.data, self.rows)
        probabilities = self._zero_shot_probabilities(given)
        own = torch.where(given.valid, probabilities, 0)
        sums = torch.zeros_like(self.multipliers).scatter_add(1, given.labels, own)
        counts = torch.zeros_like(self.multipliers).scatter_add(1, given.labels, given.valid.to(own.dtype))
        self.multipliers = torch.where(counts > 0, sums / counts.clamp(min=1), 1.0)

    def _zero_shot_probabilities(self, given: GivenImages) -> Tensor:
        """The zero-shot probability of every given label [R, N], among the classes in training."""
        logits = self.logits(
            self.data.plain(given.images), normalize(self.base, dim=-1).expand(len(given.images), -1, -1)
        )
        own = logits.gather(-1, given.labels.unsqueeze(-1)).squeeze(-1)
        return (own - self.select_train_classes(logits).logsumexp(-1)).exp()

    def class_weights(self) -> Tensor:
        """The heads, of unit length [R, C, E]."""
        return normalize(self.head, dim=-1)

    def mean_per_run(self, each: Tensor, batch: Batch) -> Tensor:
        """The mean loss [R] with the penalty, where a run has a batch."""
        penalty = (self.multipliers * (self.head - self.base).square().sum(-1)).mean(-1)
        return super().mean_per_run(each, batch) + torch.where(batch.active, penalty, 0)
