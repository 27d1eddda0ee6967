"""An epoch's batches, drawn for all runs at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.dataset import Labels
from datamodules.order import epoch_batches, grouped_batches, paired_batches

if TYPE_CHECKING:
    from datamodules.features.crops import Crop


class Sampling(NamedTuple):
    """How training images are shown: `views` crops of each, in batches of `batch_size`, or "all" at once.

    `drop_last` leaves out a partial batch. What is 0 or None is left open, and partial batches are left out in the end.
    """

    views: int = 0
    crop: Crop | None = None
    batch_size: int | Literal["all"] = 0
    drop_last: bool | None = None

    def completed(self, other: Sampling) -> Sampling:
        """This, with what it leaves open taken from `other`.

        >>> Sampling(views=3).completed(Sampling(10, batch_size=32, drop_last=False))
        Sampling(views=3, crop=None, batch_size=32, drop_last=False)
        """
        drop_last = other.drop_last if self.drop_last is None else self.drop_last
        size = self.batch_size or other.batch_size
        return Sampling(self.views or other.views, self.crop or other.crop, size, drop_last)


@dataclass(frozen=True)
class TrainingSet:
    """Training images [n], as indices into the training split, with their (possibly noisy) training labels [n].

    `groups` [n], if set, never share a batch; `paired` groups are trained side by side, others one after the other.
    """

    images: Labels
    labels: Labels
    groups: Labels | None = None
    paired: bool = False

    def batches(self, sampling: Sampling, generator: np.random.Generator) -> Labels:
        """The epoch's batches [steps, B] of places in this set, -1 where there is nothing."""
        size = max(1, len(self.images)) if sampling.batch_size == "all" else sampling.batch_size
        drop_last = sampling.drop_last is not False
        if self.groups is None or not len(self.groups):
            return epoch_batches(len(self.images), size, generator, drop_last)
        arrange = paired_batches if self.paired else grouped_batches
        return arrange(self.groups, size, generator, drop_last)


@dataclass(frozen=True)
class Plan:
    """The batches of one epoch [steps, R, B]: images, training labels, slots in the table of views, valid places.

    Arrays on the host, and the same as tensors on the device.
    """

    epoch: int
    slots: Labels
    valid: NDArray[np.bool_]
    tensors: tuple[Tensor, Tensor, Tensor, Tensor]

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """Whether a run has a batch [steps, R]."""
        return np.asarray(self.valid.any(-1))

    def progress(self, step: int) -> list[tuple[int, int]]:
        """How many batches every run had before a step, and how many it has in the epoch."""
        done, own = self.active[:step].sum(0), self.active.sum(0)
        return list(zip(done.tolist(), np.maximum(own, 1).tolist(), strict=True))


def make_plan(
    epoch: int, sets: Sequence[TrainingSet], slots: Sequence[Labels], generators: Sequence[np.random.Generator],
    sampling: Sampling, device: torch.device, readable: NDArray[np.bool_] | None = None,
) -> Plan:  # fmt: skip
    """The batches of all R runs side by side; one with fewer steps pauses in the last ones.

    `slots` holds the slot of each image of each set, `readable`, if set, says which slots can be trained on; a
    run's order depends on its set and its generator only.
    """
    orders = [part.batches(sampling, generator) for part, generator in zip(sets, generators, strict=True)]
    steps, width = max(1, *map(len, orders)), max(order.shape[1] for order in orders)
    images, labels, places = (np.zeros((steps, len(orders), width), np.int64) for _ in range(3))
    valid = np.zeros(images.shape, bool)
    for row, (part, own, order) in enumerate(zip(sets, slots, orders, strict=True)):
        if len(order):
            block = (slice(len(order)), row, slice(order.shape[1]))
            valid[block] = order >= 0
            images[block], labels[block], places[block] = part.images[order], part.labels[order], own[order]
    if readable is not None:
        valid &= readable[places]
    packed = torch.from_numpy(np.stack([images, labels, places, valid.astype(np.int64)])).to(device)
    return Plan(epoch, places, valid, (packed[0], packed[1], packed[2], packed[3].bool()))
