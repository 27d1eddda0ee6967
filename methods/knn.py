"""K nearest neighbours."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge
from torch import Tensor

from methods.core.memory import MemoryMethod, nearest, vote_logits

NAME = "k-NN"
FAMILY = "head"


class Method(MemoryMethod):
    """K nearest neighbours among the training images, with their cosine similarities as weights; without training.

    The share of class c is the sum of max(0, cos) over those of the `k` nearest training images (plain unit features)
    that are labelled c, divided by the sum over all k; logits are its logarithm. Similarities of CLIP features lie
    close together, so that this is nearly a majority vote whose ties the more similar images decide. k = 11 is that of
    the plain neighbours that WANN (2408.14358) is compared with, which count equally there. Where there are fewer than
    k images, all vote. Class names are not used.
    """

    needs: ClassVar[str] = "features"
    k: Annotated[int, Ge(1)] = 11

    def logits(self, features: Tensor, weights: Tensor) -> Tensor:
        """Logarithms of the neighbours' votes [R, B, C]; class weights have no part in it."""
        offset = torch.where(self.targets < 0, -torch.inf, 0.0)
        similarities, images = nearest(features, self.keys, offset, self.k)
        labels = self.targets.unsqueeze(1).expand(-1, images.shape[1], -1).gather(-1, images)
        return vote_logits(labels.clamp(min=0), similarities.clamp(min=0), len(self.task.classes))
