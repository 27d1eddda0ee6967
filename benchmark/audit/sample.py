"""What a detector gets: features of images, their given labels, and the text features of the class names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.audit.neighbours import neighbours
from datamodules.dataset import Labels
from datamodules.seeds import rng

FOLDS = 5
NEAREST = 25
NEAREST_UNCENTRED = 30


@dataclass(frozen=True)
class Sample:
    """Unit features [P, E] of images, their given labels [P], and unit text features [C, E] of the class names.

    A label of -1 is missing. `scale` is the logit scale of the backbone, `prompt` the unit class weights [C, E] of a
    prompt that was trained on these very labels, `own` the probabilities [P, C] of a user's own classifier, out of
    fold, and `checked` [P] the true classes that a person gave, -1 where nobody looked; each may be None. Random
    numbers depend on `seed` alone. True labels are never part of it.
    """

    features: Tensor
    labels: Tensor
    text: Tensor
    scale: float = 100.0
    seed: int = 1
    prompt: Tensor | None = None
    own: Tensor | None = None
    checked: Tensor | None = None

    @property
    def classes(self) -> int:
        """The number of classes C."""
        return len(self.text)

    @cached_property
    def zero_shot(self) -> Tensor:
        """Log-probabilities [P, C] of zero-shot CLIP, which sees no label."""
        return (self.scale * self.features @ self.text.T).log_softmax(1)

    def labelled(self) -> Sample:
        """The images that have a label."""
        rows = torch.nonzero(self.labels >= 0)[:, 0]
        if len(rows) == len(self.labels):
            return self
        own, checked = (part if part is None else part[rows] for part in (self.own, self.checked))
        features, labels = self.features[rows], self.labels[rows]
        return replace(self, features=features, labels=labels, own=own, checked=checked)

    @cached_property
    def fold(self) -> Tensor:
        """The fold [P] of every image, 0 to FOLDS - 1."""
        return torch.from_numpy(stratified(self.labels.numpy(), FOLDS, self.seed))

    @cached_property
    def centred(self) -> Tensor:
        """The features [P, E] less their mean, of unit length again."""
        return F.normalize(self.features - self.features.mean(0), dim=-1)

    @cached_property
    def nearest(self) -> tuple[Tensor, Tensor]:
        """Cosines [P, k] of the centred features and indices [P, k] of the k nearest other images, nearest first."""
        return neighbours(self.centred, NEAREST)

    @cached_property
    def nearest_uncentred(self) -> tuple[Tensor, Tensor]:
        """The same of the features as they are, which is what published detectors look at."""
        return neighbours(self.features, NEAREST_UNCENTRED)

    def of_given(self, values: Tensor) -> Tensor:
        """The entries [P] of `values` [P, C] at the given labels."""
        return values.gather(1, self.labels[:, None])[:, 0]


def stratified(labels: Labels, folds: int, seed: int) -> Labels:
    """The fold [P] of every image, 0 to `folds` - 1; the images of every class are spread as evenly as can be.

    >>> stratified(np.array([0, 0, 0, 1, 1, 1]), folds=3, seed=1)[:3].tolist()
    [1, 0, 2]
    """
    order = rng(seed, "audit: folds").permutation(len(labels))
    by_class = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(len(labels), np.int64)
    fold[by_class] = np.arange(len(labels)) % folds
    return fold
