"""CAP: pseudo-labels under a margin against classes that look alike."""

from __future__ import annotations

from math import sqrt
from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge, Le
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from datamodules.batches import Batch
from methods.core.per_run import scaled_products
from methods.fpl import SelfTraining
from methods.functional import pseudo_labels

NAME = "CAP"
FAMILY = "self-training"

#: Epochs from one choice of images to the next, and the share of the training after which they are most.
EVERY, GROWS = 5, 0.7
#: Width of the adapters, and how much of what they make is added to a feature.
WIDTH, ADDED = 128, 0.01


class Method(SelfTraining):
    """Confident images of each class, and confident predictions, under a margin; CPL's successor CAP (2505.02056).

    Three means of cross-entropy are summed: of labelled images, of K images per class with pseudo-labels, and of crops
    of the other unlabelled images whose plain prediction has a probability above `threshold`. K grows from `k` to the
    share `most` of the unlabelled images per class over 70 % of the epochs; the images are zero-shot CLIP's as in FPL
    at first, then, every five epochs, newly confident ones before older ones. An image labelled y has m_yc added to its
    other logits c, m_yc = `margin` (max_j r_j - min_j r_j) (1 - r_y) / (1 + r_y) S_yc, with r_y the number of confident
    predictions of y in the epoch before over that of the commonest class (1 for labelled classes under `trzsl`), and S
    the larger of the cosines of names and of mean images, its rows stretched to end at 1. In training, features are f +
    0.01 A(f) for networks A of two layers: one each for names, images and crops, none in the classifier. Published: K
    from 16 to 0.8, threshold 0.85, margin 12; SGD at 0.01, 50 epochs: recipe `cap`. `self_training` of a recipe is for
    FPL and its kin.

    Differences from the released code: it learns MaPLe's prompts, ours are in words alone; for classes that CLIP
    misunderstands it takes the images nearest to descriptions written for its six data sets, which others do not have;
    its epoch has 50 steps, in which chosen images come as unlabelled ones, too, ours goes once through the others; of
    labelled classes under `trzsl` 16 images enter the means, here all.
    """

    modality: Literal["text"] = "text"
    k: Annotated[int, Ge(1)] = 16
    most: Annotated[float, Ge(0), Le(1)] = 0.8
    threshold: Annotated[float, Ge(0), Le(1)] = 0.85
    margin: Annotated[float, Ge(0)] = 12.0

    remembered: ClassVar[tuple[str, ...]] = ("free", "guesses", "sure", "scores", "margins")

    def build(self) -> None:
        """Draws the prompts and the adapters [R, 3, ...], these as `torch.nn.Linear` does."""
        super().build()
        width = self.zero_shot().shape[1]
        self.down, self.up = self._adapters("down", width, WIDTH), self._adapters("up", WIDTH, width)

    def _adapters(self, layer: str, inner: int, outer: int) -> torch.nn.Parameter:
        """A layer [R, 3, inner + 1, outer] of them all, with its offsets in the last row."""
        drawn = self.task.uniform(f"init {layer}", 3, inner + 1, outer) / sqrt(inner)
        return torch.nn.Parameter(drawn.to(self.ctx.device))

    def adapted(self, features: Tensor, number: int, rows: slice = slice(None)) -> Tensor:
        """Unit features [R, n, E] as the adapters of names (0), images (1) or crops (2) change them."""
        down, up = self.down[rows, number], self.up[rows, number]
        hidden = (features @ down[:, :-1] + down[:, -1:]).relu()
        return normalize(features + ADDED * (hidden @ up[:, :-1] + up[:, -1:]), dim=-1)

    def start_epoch(self) -> None:
        """Chooses images in every fifth epoch, and computes the margins [R, C, C]."""
        runs, classes, pool = len(self.task.seeds), len(self.task.classes), self.data.pool()
        if self.current_epoch == 0:
            shares = (self.task.backbone.scale * pool @ self.zero_shot().T).softmax(-1)
            self.free, self.sure = pool.new_zeros(2, runs, len(pool) + 1).bool()  # the last column is for padding
            self.guesses = torch.cat([shares.argmax(-1), shares.new_zeros(1).long()]).repeat(runs, 1)
            self.margins = pool.new_zeros(runs, classes, classes)
            self._label(self.first_weights().expand(runs, -1, -1), 1)
            chosen = torch.where(self.pseudo, shares.gather(1, self.guesses[:, :-1].T).T, 0)
            self.scores = torch.cat([chosen, chosen[:, :1]], 1)
            return
        if self.current_epoch % EVERY == 1:
            for row in range(runs):
                self._choose(row)
        with torch.no_grad():
            names = self.class_weights()
            self.margins = torch.stack([self._margins(row, names[row]) for row in range(runs)])
        self.sure = torch.zeros_like(self.sure)

    def _assign(self, row: int, images: Tensor, labels: Tensor) -> None:
        """Trains a run on its labelled images, these [n] and the other unlabelled ones, a batch of each in a step."""
        place = self.rows.start + row
        (given, given_labels), free = self.data.training_set(place), self.data.unlabelled(place)
        known, marked = self.guesses[row].cpu(), torch.zeros(2, self.guesses.shape[1], dtype=torch.bool)
        known[images], marked[0, free], marked[1, images] = labels, True, True
        self.guesses[row], self.free[row], self.pseudo[row] = known, marked[0], marked[1, :-1]
        rest = free[~torch.isin(free, images)]
        groups = torch.cat([torch.full_like(part, number) for number, part in enumerate((given, images, rest))])
        trained = torch.cat([given_labels, labels, known[rest]])
        self.data.assign(place, torch.cat([given, images, rest]), trained, groups, paired=True)

    def _choose(self, row: int) -> None:
        """Assigns the K best of each class: what is newly confident, by its probability, then what there was."""
        place, done = self.rows.start + row, (self.current_epoch - 1) / (GROWS * self.task.epochs)
        unseen = self.data.unseen(place).to(self.guesses.device)
        per_class = int(self.most * (int(self.free[row].sum()) // len(unseen)))
        k = max(1, self.k + int((min(1000, per_class) - self.k) * min(1, done)))
        labels, scores = self.guesses[row, :-1], self.scores[row, :-1]
        old = self.pseudo[row] | ~self.sure[row, :-1] | ~torch.isin(labels, unseen)
        scores = torch.where(old, scores * self.pseudo[row], scores + self.current_epoch)
        images = pseudo_labels.most_confident(one_hot(labels, len(self.task.classes)) * scores[:, None], k)[0]
        images = images[scores[images] > 0]
        self.scores[row, :-1] = scores
        self._assign(row, images.cpu(), labels[images].cpu())

    def _margins(self, row: int, names: Tensor) -> Tensor:
        """A run's margins [C, C] with its names' features [C, E]."""
        seen, transductive = self.data.seen(self.rows.start + row), len(self.data.unseen(self.rows.start + row))
        labels, classes = self.guesses[row, :-1], len(names)
        counts = (one_hot(labels, classes) * self.sure[row, :-1, None]).sum(0)
        chosen = self.pseudo[row].nonzero()[:, 0]
        own = labels[chosen]
        ratios = counts / counts.max().clamp(min=1)
        if transductive < classes:
            ratios[seen.to(ratios.device)] = 1
            given, given_labels = (part.to(own.device) for part in self.data.training_set(self.rows.start + row))
            chosen, own = torch.cat([chosen, given]), torch.cat([own, given_labels])
        features = self.adapted(self.data.plain(chosen)[None], 1, slice(row, row + 1))[0]
        means = normalize(one_hot(own, classes).T.to(features.dtype) @ features, dim=-1)
        means = torch.where(means.any(-1, keepdim=True), means, names)
        cosines = torch.maximum(names @ names.T, means @ means.T)
        low, high = cosines.amin(1, keepdim=True), cosines.amax(1, keepdim=True)
        stretched = low + (cosines - low) / (high - low) * (1 - low)
        strength: Tensor = self.margin * (ratios.max() - ratios.min()) * (1 - ratios) / (1 + ratios)
        return (strength[:, None] * stretched).fill_diagonal_(0)

    def total_loss(self, batch: Batch, weights: Tensor) -> Tensor:
        """Every run's sum [R] of the mean losses of labelled, chosen and confidently predicted images."""
        scale, names = self.task.backbone.scale, self.adapted(weights, 0)
        rows = torch.arange(len(weights), device=weights.device)[:, None]
        plain = scaled_products(scale, self.adapted(self.data.plain(batch.images), 1), names)
        crops = scaled_products(scale, self.adapted(batch.features, 2), names)
        probabilities, guesses = plain.detach().softmax(-1).max(-1)
        free, chosen = self.free.gather(1, batch.images) & batch.valid, self.pseudo.gather(1, batch.images)
        other, sure = free & ~chosen, probabilities > self.threshold
        at = torch.where(other, batch.images, self.guesses.shape[1] - 1)
        self.guesses.scatter_(1, at, guesses)
        self.sure.scatter_(1, torch.where(free, batch.images, at), sure)
        self.scores.scatter_(1, at, probabilities)
        logits, labels = torch.where(other.unsqueeze(-1), crops, plain), torch.where(other, guesses, batch.labels)
        each = self.loss(logits + self.margins[rows, labels], labels)
        self.record_step(logits, each)
        parts = batch.valid & ~free, batch.valid & chosen, other & sure
        return torch.stack([torch.where(p, each, 0).sum(1) / p.sum(1).clamp(min=1) for p in parts]).sum(0)
