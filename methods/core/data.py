"""What methods and the data module tell each other; never a true label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

if TYPE_CHECKING:
    from methods.clip.backbone import Backbone


class Images(Protocol):
    """Images to classify: unit features [R, B, E] of the frozen tower, R = 1 where all replicas look at the same."""

    features: Tensor

    def pixels(self) -> tuple[Tensor, Tensor]:
        """Normalised pixels [U, 3, S, S], each picture once, and which of them each replica looks at [R or 1, B]."""


class TestImages(Images, Protocol):
    """A part of the test split, with its true labels [B]."""

    labels: Tensor


class Batch(Images, Protocol):
    """One training step: unit features [R, B, E], given labels [R, B], and what of it counts.

    valid [R, B] is False on padding, active [R] where a replica has no batch in this step; images [R, B] are places
    in the pool.
    """

    labels: Tensor
    valid: Tensor
    active: Tensor
    images: Tensor

    def rows(self, rows: slice) -> Batch:
        """The part that belongs to some replicas."""

    def with_labels(self, labels: Tensor) -> Batch:
        """The same step with other labels [R, B]."""


class TrainingData(Protocol):
    """What a method may ask of, and tell, the data module."""

    def pool(self, backbone: Backbone | None = None) -> Tensor:
        """Unit features [P, E] of all training images, unaugmented, in the eyes of the run's or another backbone."""

    def pixels(self, images: Tensor) -> Tensor:
        """Normalised pixels [n, 3, S, S] of images [n] of the pool, unaugmented."""

    def training_set(self, row: int) -> tuple[Tensor, Tensor]:
        """The images [n] of the pool that replica `row` was given, and their given labels [n]."""

    def unlabelled(self, row: int) -> Tensor:
        """The images [n] of the pool that replica `row` may use without their labels."""

    def seen(self, row: int) -> Tensor:
        """The classes with labelled images; all of them where no image is labelled."""

    def unseen(self, row: int) -> Tensor:
        """The classes that unlabelled images can belong to: those without labelled images, else all."""

    def assign(
        self, row: int, images: Tensor, labels: Tensor, groups: Tensor | None = None, paired: bool = False
    ) -> None:
        """From the coming epoch on, replica `row` trains on these images [n] of the pool with these labels [n].

        With `groups` [n] no batch mixes two groups, and group 0 comes first; `paired` sets them side by side instead,
        one batch of each in every step, and starts the smaller ones over until the largest is through.
        """


@dataclass(frozen=True)
class GivenImages:
    """What R replicas were given, side by side: places in the pool [R, N], given labels [R, N]; valid [R, N] is False
    on padding."""

    images: Tensor
    labels: Tensor
    valid: Tensor

    @classmethod
    def of(cls, data: TrainingData, rows: slice) -> GivenImages:
        """Asks the data module for the replicas in `rows`."""
        images, labels = zip(*(data.training_set(row) for row in range(rows.start, rows.stop)), strict=True)
        counts = torch.tensor([len(own) for own in images])
        valid = torch.arange(int(counts.max()))[None] < counts[:, None]
        return cls(
            pad_sequence(list(images), batch_first=True),
            pad_sequence(list(labels), batch_first=True),
            valid.to(images[0].device),
        )
