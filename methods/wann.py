"""WANN: nearest neighbours whose number and weights say how far labels are to be trusted."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor

from methods.core.memory import MemoryMethod, nearest, vote_logits

NAME = "WANN"
FAMILY = "head"


class Method(MemoryMethod):
    """Weighted adaptive nearest neighbours, without training; WANN (2408.14358).

    For each training image k_i is the smallest of `k_min`, `k_min` + 2, ... below `k_max` for which the majority of its
    k_i nearest neighbours has the image's own label, or `k_max` if there is none; its reliability is 1 / k_i. A test
    image asks as many neighbours as its nearest training image needed, and each votes with its reliability. Published:
    11 and 51. As in the released code, features are standardised (every dimension to mean 0 and deviation 1 over the
    training images), and distances are Euclidean; `standardise=False` compares unit features by their cosine instead.

    Differences from the released code: tied votes go to the first of the tied classes, there to that of the nearest
    neighbour; where there are fewer images than neighbours asked for, all vote, while it stops with an error. It is
    made for data sets with hundreds of images per class: in a few-shot draw 11 to 51 neighbours are of many classes,
    and where the nearest image asks for all there are, the answer is always the same. Class names are not used.
    """

    needs: ClassVar[str] = "features"
    k_min: Annotated[int, Ge(1)] = 11
    k_max: Annotated[int, Ge(2)] = 51
    standardise: bool = True

    remembered: ClassVar[tuple[str, ...]] = ("mean", "deviation", "neighbours")
    mean: Tensor
    deviation: Tensor
    neighbours: Tensor

    def build(self) -> None:
        """Makes room for what is kept and computed."""
        super().build()
        self.make_room("mean", "deviation", "neighbours")

    def start_training(self) -> None:
        """Computes the number of neighbours [R, N] that each training image needs."""
        super().start_training()
        count = (self.targets >= 0).sum(1)[:, None, None].clamp(min=1)
        valid = (self.targets >= 0).unsqueeze(-1)
        self.mean = self.keys.sum(1, keepdim=True) / count
        spread = (torch.where(valid, self.keys - self.mean, 0).square().sum(1, keepdim=True) / count).sqrt()
        self.deviation = torch.where(spread > 1e-6, spread, 1.0)
        keys = self._scaled(self.keys)
        images = nearest(keys, keys, self._offset(), self.k_max + 1)[1][..., 1:]
        labels = self.targets.unsqueeze(1).expand(-1, images.shape[1], -1).gather(-1, images)
        self.neighbours = torch.full_like(self.targets, self.k_max)
        votes = self.keys.new_zeros(*self.targets.shape, len(self.task.classes))
        for k in range(1, min(self.k_max, labels.shape[-1] + 1)):
            label = labels[..., k - 1 : k]
            votes.scatter_add_(-1, label.clamp(min=0), (label >= 0).to(votes.dtype))
            if k >= self.k_min and (k - self.k_min) % 2 == 0:
                agree = (votes.argmax(-1) == self.targets) & (self.neighbours == self.k_max)
                self.neighbours = torch.where(agree, k, self.neighbours)

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Logarithms of the neighbours' votes [R, B, C]; class weights have no part in it."""
        images = nearest(self._scaled(features), self._scaled(self.keys), self._offset(), self.k_max)[1]
        rows = torch.arange(len(images), device=images.device)[:, None, None]
        labels, needed = self.targets[rows, images], self.neighbours[rows, images]
        asked = torch.arange(images.shape[-1], device=images.device) < needed[..., :1]
        reliability = torch.where(asked & (labels >= 0), 1 / needed, 0.0)
        return vote_logits(labels.clamp(min=0), reliability, len(self.task.classes))

    def _scaled(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.deviation if self.standardise else features

    def _offset(self) -> Tensor:
        """What makes inner products with the keys rank them by Euclidean distance [R, N], -inf on padding."""
        lengths = self._scaled(self.keys).square().sum(-1) if self.standardise else torch.zeros_like(self.keys[..., 0])
        return torch.where(self.targets < 0, -torch.inf, -lengths / 2)
