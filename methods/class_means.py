"""Nearest class mean."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import normalize

from methods.core.base import BaseMethod
from methods.core.given import GivenImages

NAME = "class means"
FAMILY = "head"


class Method(BaseMethod):
    """Nearest class mean: the unit mean of the unit features of each given class as class weights, without training.

    w_c = m_c / |m_c| with m_c the mean of the plain features of the images that are labelled c (as in prototypical
    networks, 1703.05175, and nearest-mean classifiers); logits are w_c . f times the backbone's scale, whose softmax
    is not fitted to anything. Class names are not used. A class that no image is labelled as has w_c = 0: it is never
    predicted as long as the other similarities are positive, as they are for CLIP. Under `trzsl` classes have no
    images, so it does not run there.
    """

    needs: ClassVar[str] = "features"
    paradigms: ClassVar[tuple[str, ...]] = ("fewshot", "ssl")
    remembered: ClassVar[tuple[str, ...]] = ("means",)
    means: Tensor

    def build(self) -> None:
        """Makes room for the means."""
        shape = len(self.task.seeds), len(self.task.classes), self.task.backbone.embedding
        self._keep(means=torch.zeros(shape, device=self.task.backbone.device))

    def start_training(self) -> None:
        """Computes the means [R, C, E]."""
        given = GivenImages.of(self.data, self.rows)
        features = torch.where(given.valid.unsqueeze(-1), self.data.plain(given.images), 0)
        place = given.labels.unsqueeze(-1).expand_as(features)
        self.means = normalize(torch.zeros_like(self.means).scatter_add(1, place, features), dim=-1)

    def class_weights(self) -> Tensor:
        """The means [R, C, E]."""
        return self.means
