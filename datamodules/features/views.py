"""Augmented views of the training images of a pack, encoded once and shared by all runs of a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.dataset import Images, Labels
from datamodules.features.bank import IN_MEMORY, FeatureBank
from datamodules.features.crops import Crop, draws
from datamodules.features.inputs import Inputs
from datamodules.features.stream import sent


@dataclass
class _Part:
    """Slots added by one call: images [n] under a seed, and a function from a view to their features [n, E]."""

    seed: int
    images: Labels
    count: int
    features: Callable[[int], Tensor]

    @cached_property
    def draws(self) -> NDArray[np.float64]:
        """Random numbers [V, n, 23] of the crops, for methods that train on pixels."""
        return draws(self.images, self.seed, self.count)


class Views:
    """Unit features of `count` views of training images, in a table with one slot (row) per (seed, image)."""

    def __init__(self, bank: FeatureBank, images: Images, count: int, crop: Crop) -> None:
        self.bank, self.images, self.count, self.crop = bank, images, count, crop
        self._slots: dict[int, Labels] = {}
        self._parts: list[_Part] = []
        self._held: dict[int, Tensor] = {}
        self._inputs = Inputs(images, bank.encoder.preprocess, bank.skip_bad_images)

    def features(self, view: int) -> Tensor:
        """Features [slots, E] of a view, on the bank's device; all views stay there if they fit in IN_MEMORY bytes."""
        if view not in self._held:
            rows = torch.cat([part.features(view) for part in self._parts]).to(self.bank.device)
            if self.count * rows.nbytes > IN_MEMORY:
                self._held.clear()
            self._held[view] = rows
        return self._held[view]

    def slots(self, seed: int, images: Labels) -> Labels:
        """Slots [n] of images [n] under a seed; encodes images that have none yet."""
        places = self._slots.setdefault(seed, np.full(len(self.images), -1, np.int64))
        missing = np.unique(images[places[images] < 0])
        if len(missing):
            first = sum(len(part.images) for part in self._parts)
            features = self.bank.views(self.images, missing, seed, self.count, self.crop)
            self._parts.append(_Part(seed, missing, self.count, features))
            self._held.clear()
            places[missing] = np.arange(first, first + len(missing))
        return places[images]

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Mask [slots] of images that could be read."""
        return torch.cat([part.features(0) for part in self._parts]).any(-1).numpy()

    def forget_device(self) -> None:
        """Drops features on the device, after the bank has moved to another one."""
        self._held.clear()

    def pixels(self, view: int, slots: Labels) -> tuple[Tensor, Tensor]:
        """Normalised pixels [U, 3, S, S] of the unique slots in a view, and the indices [R, B] of `slots` [R, B]."""
        needed, places = np.unique(slots, return_inverse=True)
        numbers = np.concatenate([part.draws[view] for part in self._parts])[needed]
        images = np.concatenate([part.images for part in self._parts])[needed]
        index = sent(torch.from_numpy(places.reshape(slots.shape)), self.bank.device)
        return self._inputs.crop(images, numbers, self.crop, self.bank.device), index

    def plain(self, images: Labels) -> Tensor:
        """Normalised pixels [n, 3, S, S] of images [n] under the evaluation transform."""
        return sent(torch.cat(list(self._inputs.plain(images))), self.bank.device)
