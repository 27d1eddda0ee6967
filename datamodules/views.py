"""The augmented views that a pack trains on, encoded once and shared by all replicas of a seed."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from datamodules.augment import Crop
from datamodules.dataset import Images, Labels
from datamodules.features import FeatureBank


class Views:
    """A table [V, slots, E] of unit features: view v of the image in a slot, for one (seed, image) per slot."""

    def __init__(self, bank: FeatureBank, images: Images, count: int, crop: Crop) -> None:
        self.bank, self.images, self.count, self.crop = bank, images, count, crop
        self._slots: dict[int, Labels] = {}
        self._parts: list[Tensor] = []

    @property
    def table(self) -> Tensor:
        """All views encoded so far [V, slots, E]."""
        if len(self._parts) > 1:
            self._parts = [torch.cat(self._parts, dim=1)]
        return self._parts[0]

    def slots(self, seed: int, images: Labels) -> Labels:
        """Slots [n] of these images [n] under a seed; encodes those that have none yet."""
        places = self._slots.setdefault(seed, np.full(len(self.images), -1, np.int64))
        missing = np.unique(images[places[images] < 0])
        if len(missing):
            first = sum(part.shape[1] for part in self._parts)
            self._parts.append(self.bank.views(self.images, missing, seed, self.count, self.crop).to(self.bank.device))
            places[missing] = np.arange(first, first + len(missing))
        return places[images]
