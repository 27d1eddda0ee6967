"""Rounds of training on one's own pseudo-labels: what FPL, IFPL and GRIP share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar, Literal

import torch
from torch import Tensor

from datamodules.batches import Batch
from methods.core.visual import ModalPrompt
from methods.functional import losses, pseudo_labels


class SelfTraining(ModalPrompt):
    """Cross-entropy on labelled images, if there are any, and on the K pseudo-labelled ones of each class.

    The first round's pseudo-labels are zero-shot CLIP's, later ones those of the prompts just trained, which then
    start afresh from the same draw and go through the whole schedule again. Only classes without labelled images
    (`trzsl`), else all (`ul`, `ssl`), get pseudo-labels; the softmax has all classes always. The mean losses of
    labelled and pseudo-labelled images in a batch are weighted by the number of the *other* kind, as in the released
    code, here normalised to a sum of 1. Two differences: under `ssl` that code turns the weights round for IFPL and
    GRIP, so that the few labelled images count least, while we keep those of FPL; and it takes the square root of the
    ratio for multimodal prompts under FPL (not under IFPL and GRIP), while we take the ratio for all.
    """

    paradigms: ClassVar[tuple[str, ...]] = ("ul", "ssl", "trzsl")
    modality: Literal["text", "visual", "multimodal"] = "text"
    remembered: ClassVar[tuple[str, ...]] = ("pseudo", "share")

    def shots(self, unlabelled: int, classes: int, number: int) -> int:
        """K, the pseudo-labelled images of each of the `classes` in round `number`, counted from 1."""
        raise NotImplementedError

    def lr(self, epoch: int, step: int = 0, steps: int = 1) -> float:
        """The schedule starts over in each round."""
        return super().lr(epoch % self.task.epochs, step, steps)

    @property
    def train_classes(self) -> None:
        """Training tells all classes apart, those with pseudo-labels only, too."""

    def build(self) -> None:
        """Keeps the draw from which every round starts."""
        super().build()
        self.start = {name: parameter.detach().clone() for name, parameter in self.named_parameters()}

    def start_epoch(self) -> None:
        """At the start of a round, labels the unlabelled images and starts the prompts afresh."""
        number, epoch = divmod(self.current_epoch, self.task.epochs)
        if epoch:
            return
        with torch.no_grad():
            weights = self.class_weights() if number else self.zero_shot().expand(len(self.task.seeds), -1, -1)
        self._label(weights, number + 1)
        for name, parameter in self.named_parameters():
            parameter.data.copy_(self.start[name])
            self.trainer.optimizers[0].state.pop(parameter, None)

    def _label(self, weights: Tensor, number: int) -> None:
        """Gives every replica its training set for a round, from the class weights [R, C, E] that label it."""
        data, pool = self.data, self.data.pool()
        self.pseudo = torch.zeros(len(weights), len(pool), dtype=torch.bool)
        alike = defaultdict(list)
        for row in range(len(weights)):
            images, classes = data.unlabelled(self.rows.start + row), data.unseen(self.rows.start + row)
            alike[len(images), len(classes)].append((row, images, classes))
        for (images_each, classes_each), group in alike.items():
            logits = torch.stack(
                [
                    self.logits(
                        pool[images.to(pool.device)] if number == 1 else self.pool_features(row, images),
                        weights[row, classes.to(weights.device)],
                    )
                    for row, images, classes in group
                ]
            )
            found = self.choose(logits, self.shots(images_each, classes_each, number), group).cpu()
            for (row, images, classes), labels in zip(group, found, strict=True):
                self._assign(row, images[labels >= 0], classes[labels[labels >= 0]])
        given = torch.tensor([len(data.training_set(row)[0]) for row in range(self.rows.start, self.rows.stop)])
        numbers = self.pseudo.sum(1)
        share = torch.where(given > 0, given / (given + numbers), 1.0) * (numbers > 0)
        self.pseudo, self.share = self.pseudo.to(pool.device), share.to(pool.device)

    def choose(self, logits: Tensor, k: int, group: Sequence[tuple[int, Tensor, Tensor]]) -> Tensor:
        """Places among the classes [G, n], -1 for none, of unlabelled images with logits [G, n, c], at most k a class.

        `group` has every replica's row, images [n] and classes [c].
        """
        return pseudo_labels.assign_with_capacity(logits, k)

    def _assign(self, row: int, images: Tensor, labels: Tensor) -> None:
        place = self.rows.start + row
        given, given_labels = self.data.training_set(place)
        self.pseudo[row, images] = True
        self.data.assign(place, torch.cat([given, images]), torch.cat([given_labels, labels]))

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy [R, B]."""
        return losses.cross_entropy(logits, labels)

    def mean_per_run(self, each: Tensor, batch: Batch) -> Tensor:
        """The balanced sum [R] of the mean losses of labelled and of pseudo-labelled images."""
        pseudo, share = self.pseudo.gather(1, batch.images), self.share
        means = [
            torch.where(part, each, 0).sum(1) / part.sum(1).clamp(min=1)
            for part in (batch.valid & pseudo, batch.valid & ~pseudo)
        ]
        return share * means[0] + (1 - share) * means[1]
