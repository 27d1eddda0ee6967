"""Which images and labels every run was given, and which it trains on now; everything here is on the host."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from datamodules.dataset import Dataset
from datamodules.epoch_plan import TrainingSet
from datamodules.noise import Floats
from datamodules.run_spec import RunSpec, labelled, noisy_labels
from datamodules.validation import hold_out


class TrainingSets:
    """The draws and (possibly noisy) labels of R runs, and what methods assigned to them since.

    Raises DataError: a draw or noise that cannot be made of this data set.
    """

    def __init__(self, dataset: Dataset, runs: Sequence[RunSpec]) -> None:
        self.dataset, self.runs = dataset, tuple(runs)
        self.pools = [labelled(dataset, run) for run in self.runs]
        self.changed = True

    def unit_features(self) -> Floats:
        """Unit features [P, E] of the training images, for kinds of noise that depend on them."""
        raise NotImplementedError

    #: Computes zero-shot CLIP's class weights [C, E] times its logit scale, for kinds of noise that depend on them.
    zero_shot: Callable[[], Floats] | None = None

    @property
    def given(self) -> list[TrainingSet]:
        """Every run's drawn images with their (possibly noisy) labels, without those that are held out."""
        return self._parts[0]

    @property
    def held_out(self) -> list[TrainingSet]:
        """Every run's labelled images that are kept for validation, with their (possibly noisy) labels."""
        return self._parts[1]

    @cached_property
    def _parts(self) -> tuple[list[TrainingSet], list[TrainingSet]]:
        rows = zip(self.runs, self.pools, strict=True)
        drawn = [noisy_labels(self.dataset, run, pool, self.unit_features, self.zero_shot) for run, pool in rows]
        parts = [hold_out(own, run.hold_out, run.seed) for own, run in zip(drawn, self.runs, strict=True)]
        return [kept for kept, _ in parts], [held for _, held in parts]

    @cached_property
    def sets(self) -> list[TrainingSet]:
        """What every run trains on now: what it was given, unless a method assigned something else."""
        return list(self.given)

    def training_set(self, row: int) -> tuple[Tensor, Tensor]:
        """The training images [n] that run `row` was given, and their (possibly noisy) labels [n]."""
        return torch.from_numpy(self.given[row].images), torch.from_numpy(self.given[row].labels)

    def unlabelled(self, row: int) -> Tensor:
        """The training images [n] that run `row` may use without their labels."""
        return torch.from_numpy(np.setdiff1d(self.pools[row].unlabelled, self.given[row].images))

    def seen(self, row: int) -> Tensor:
        """The classes with labelled images; all of them where no image is labelled."""
        return torch.from_numpy(np.flatnonzero(self.pools[row].seen))

    def unseen(self, row: int) -> Tensor:
        """The classes that unlabelled images can belong to: those without labelled images, else all."""
        seen = self.pools[row].seen
        return torch.from_numpy(np.flatnonzero(~seen if not seen.all() else seen))

    def assign(
        self, row: int, images: Tensor, labels: Tensor, groups: Tensor | None = None, paired: bool = False
    ) -> None:
        """From the coming epoch on, run `row` trains on these training images [n] with these labels [n].

        With `groups` [n] no batch mixes two groups, and group 0 comes first; `paired` sets them side by side instead,
        one batch of each in every step, and starts the smaller ones over until the largest is through.
        """
        kinds = None if groups is None else groups.cpu().numpy()
        self.sets[row] = TrainingSet(images.cpu().numpy(), labels.cpu().numpy(), kinds, paired)
        self.changed = True

    def pseudo_label_accuracy(self) -> Tensor:
        """Fraction [R] of the labels that a method assigned to images it was given none for that are true, else NaN."""
        shares = torch.full((len(self.sets),), torch.nan)
        for row, (part, given) in enumerate(zip(self.sets, self.given, strict=True)):
            added = ~np.isin(part.images, given.images)
            if part is not given and added.any():
                shares[row] = float((part.labels == self.dataset.train.labels[part.images])[added].mean())
        return shares

    def state_dict(self) -> dict[str, object]:
        """What methods assigned, for a checkpoint: images, labels, groups and pairing by run."""
        rows = range(len(self.runs))
        moved = {row: part for row, part in zip(rows, self.sets, strict=True) if part is not self.given[row]}
        return {f"{row}": _as_tensors(part) for row, part in moved.items()}

    def load_state_dict(self, state: dict[str, object]) -> None:
        """Assigns what `state_dict` kept."""
        for row, parts in state.items():
            self.assign(int(row), *parts)  # type: ignore[misc]


def _as_tensors(part: TrainingSet) -> list[object]:
    groups = None if part.groups is None else torch.from_numpy(part.groups)
    return [torch.from_numpy(part.images), torch.from_numpy(part.labels), groups, part.paired]
