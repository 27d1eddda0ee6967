"""What the data module hands to methods: training steps and parts of the test split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """One training step: unit features [R, B, E], given labels [R, B], and what of it counts.

    valid [R, B] is False on padding, active [R] where a replica has no batch in this step; images [R, B] are places
    in the training split, slots [R, B] those in the table of views, whose pixels `crops` loads.
    """

    features: Tensor
    labels: Tensor
    valid: Tensor
    active: Tensor
    images: Tensor
    slots: Tensor
    crops: Callable[[Tensor], tuple[Tensor, Tensor]]

    def rows(self, rows: slice) -> Batch:
        """The part that belongs to some replicas."""
        return Batch(
            self.features[rows],
            self.labels[rows],
            self.valid[rows],
            self.active[rows],
            self.images[rows],
            self.slots[rows],
            self.crops,
        )

    def with_labels(self, labels: Tensor) -> Batch:
        """The same step with other labels [R, B]."""
        return replace(self, labels=labels)

    def pixels(self) -> tuple[Tensor, Tensor]:
        """Normalised pixels [U, 3, S, S], each picture once, and which of them each replica looks at [R, B]."""
        return self.crops(self.slots)


@dataclass(frozen=True)
class TestImages:
    """A part of the test split: unit features [1, B, E], true labels [B], and how to load its pixels."""

    features: Tensor
    labels: Tensor
    load: Callable[[], Tensor]

    def pixels(self) -> tuple[Tensor, Tensor]:
        """Normalised pixels [B, 3, S, S], and their places [1, B]."""
        pixels = self.load()
        return pixels, torch.arange(len(pixels), device=pixels.device)[None]
