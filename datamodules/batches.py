"""What the data module hands to methods: training steps and parts of an evaluation split."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Protocol

from torch import Tensor


class Images(Protocol):
    """Images to classify; R is 1 where all runs have the same ones."""

    @property
    def features(self) -> Tensor:
        """Unit features [R or 1, B, E] of the frozen tower."""

    def pixels(self) -> tuple[Tensor, Tensor]:
        """Normalised pixels [U, 3, S, S], each picture once, and the index [R or 1, B] of each image among them."""


@dataclass(frozen=True)
class Batch:
    """One training step: unit features [R, B, E], training labels [R, B], and what of it counts.

    valid [R, B] is False on padding, active [R] where a run has no batch in this step; images [R, B] are indices
    into the training split. `step` counts from 0 in each epoch, `crops` loads the pixels of some runs.
    """

    features: Tensor
    labels: Tensor
    valid: Tensor
    active: Tensor
    images: Tensor
    crops: Callable[[slice], tuple[Tensor, Tensor]]
    step: int = 0
    runs: slice | None = None

    def rows(self, rows: slice) -> Batch:
        """The part of the runs `rows`."""
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return Batch(**{n: p[rows] if isinstance(p, Tensor) else p for n, p in parts.items()} | {"runs": rows})

    def with_labels(self, labels: Tensor) -> Batch:
        """The same step with other labels [R, B]."""
        return replace(self, labels=labels)

    def pixels(self) -> tuple[Tensor, Tensor]:
        """Normalised pixels [U, 3, S, S], each picture once, and the index [R, B] of each image among them."""
        return self.crops(slice(None) if self.runs is None else self.runs)


@dataclass(frozen=True)
class EvaluationImages:
    """A part of an evaluation split: unit features [R or 1, B, E], true labels [R or 1, B], how to load its pixels."""

    features: Tensor
    labels: Tensor
    load: Callable[[], tuple[Tensor, Tensor]]

    def rows(self, rows: slice) -> EvaluationImages:
        """The part of the runs `rows`."""
        if len(self.features) == 1:
            return self
        return EvaluationImages(self.features[rows], self.labels[rows], lambda: _rows(self.load(), rows))

    def pixels(self) -> tuple[Tensor, Tensor]:
        """Normalised pixels [U, 3, S, S], each picture once, and the index [R or 1, B] of each image among them."""
        return self.load()


def _rows(pixels: tuple[Tensor, Tensor], rows: slice) -> tuple[Tensor, Tensor]:
    return pixels[0], pixels[1][rows]
