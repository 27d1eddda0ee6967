"""The augmented views that a pack trains on, encoded once and shared by all replicas of a seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.augment import Crop, draws
from datamodules.dataset import Images, Labels
from datamodules.features import IN_MEMORY, FeatureBank
from datamodules.inputs import Inputs


class Views:
    """Unit features by view: view v of the image in a slot, one slot for every (seed, image)."""

    def __init__(self, bank: FeatureBank, images: Images, count: int, crop: Crop) -> None:
        self.bank, self.images, self.count, self.crop = bank, images, count, crop
        self._slots: dict[int, Labels] = {}
        self._parts: list[Callable[[int], Tensor]] = []
        self._held: dict[int, Tensor] = {}
        self._drawn: dict[int, NDArray[np.float64]] = {}
        self._images: list[tuple[int, Labels]] = []
        self._inputs = Inputs(images, bank.encoder.preprocess, bank.skip_bad_images)

    def features(self, view: int) -> Tensor:
        """Features [slots, E] of a view, on the bank's device; all views stay there where they are small."""
        if view not in self._held:
            rows = torch.cat([part(view) for part in self._parts]).to(self.bank.device)
            if self.count * rows.nbytes > IN_MEMORY:
                self._held.clear()
            self._held[view] = rows
        return self._held[view]

    def slots(self, seed: int, images: Labels) -> Labels:
        """Slots [n] of these images [n] under a seed; encodes those that have none yet."""
        places = self._slots.setdefault(seed, np.full(len(self.images), -1, np.int64))
        missing = np.unique(images[places[images] < 0])
        if len(missing):
            first = sum(len(known) for _, known in self._images)
            self._parts.append(self.bank.views(self.images, missing, seed, self.count, self.crop))
            self._images.append((seed, missing))
            self._held.clear()
            places[missing] = np.arange(first, first + len(missing))
        return places[images]

    def pixels(self, view: int, slots: Tensor) -> tuple[Tensor, Tensor]:
        """Normalised pixels [U, 3, S, S] of a view, each slot once, and where those of slots [R, B] are among them."""
        needed, places = slots.unique(return_inverse=True)
        for part, (seed, own) in enumerate(self._images):
            if part not in self._drawn:
                self._drawn[part] = draws(own, seed, self.count)
        numbers = np.concatenate([self._drawn[part][view] for part in range(len(self._images))])[needed.cpu().numpy()]
        images = np.concatenate([own for _, own in self._images])[needed.cpu().numpy()]
        return self._inputs.crop(images, numbers, self.crop, self.bank.device), places

    def plain(self, images: Labels) -> Tensor:
        """Normalised pixels [n, 3, S, S] of images under the test transform."""
        return torch.cat(list(self._inputs.plain(images))).to(self.bank.device)
