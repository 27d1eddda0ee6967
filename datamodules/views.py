"""The augmented views that a pack trains on, encoded once and shared by all replicas of a seed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.augment import Crop, draws
from datamodules.dataset import Images, Labels
from datamodules.features import FeatureBank
from datamodules.inputs import Inputs


class Views:
    """A table [V, slots, E] of unit features: view v of the image in a slot, for one (seed, image) per slot."""

    def __init__(self, bank: FeatureBank, images: Images, count: int, crop: Crop) -> None:
        self.bank, self.images, self.count, self.crop = bank, images, count, crop
        self._slots: dict[int, Labels] = {}
        self._parts: list[Tensor] = []
        self._images: list[Labels] = []
        self._draws: list[NDArray[np.float64]] = []
        self._inputs = Inputs(images, bank.encoder.preprocess, bank.skip_bad_images)

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
            self._images.append(missing)
            self._draws.append(draws(missing, seed, self.count))
        return places[images]

    def pixels(self, view: int, slots: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pixels [U, 3, S, S] of a view, each slot once, and where those of slots [R, B] are among them."""
        needed, places = slots.unique(return_inverse=True)
        numbers = np.concatenate(self._draws, axis=1)[view, needed.cpu().numpy()]
        images = np.concatenate(self._images)[needed.cpu().numpy()]
        return self._inputs.crop(images, numbers, self.crop, self.bank.device), places

    def plain(self, images: Labels) -> Tensor:
        """Normalised pixels [n, 3, S, S] of images under the test transform."""
        return torch.cat(list(self._inputs.plain(images))).to(self.bank.device)
