"""The LightningDataModule of R runs: training steps, validation and test images, on one device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.batches import Batch
from datamodules.catalog import open_dataset
from datamodules.dataset import Dataset, ImageEncoder, Labels
from datamodules.epoch_plan import Plan, Sampling, make_plan
from datamodules.evaluation_sets import EvaluationSets
from datamodules.features.bank import FeatureBank
from datamodules.run_spec import RunSpec
from datamodules.seeds import rng


class NoisyFewShot(EvaluationSets, lightning.LightningDataModule):
    """Few-shot draws, label noise, augmented views and batch order of R runs; each depends on its own spec alone.

    `dataset` is a name or an object, `backbone` a name, a loaded image tower, or a bank of its features. What
    `sampling` leaves open comes from the method's recipe and the Trainer's epochs. True labels of training images are
    never part of a batch.

    Validation is CoOp's draw of the val split (2109.01134), at most 4 images a class, with true labels; a data set
    without a val split has none. With `test_curve`, test accuracy is also measured after epochs, and with `noisy_val`
    the accuracy on validation images whose labels have the noise of the training labels: those that a run holds out,
    else the draw of the val split. Raises DataError: a data set that cannot be opened, or a draw or noise that cannot
    be made of it.
    """

    def __init__(
        self, dataset: str | Dataset, runs: Sequence[RunSpec], *,
        backbone: str | ImageEncoder | FeatureBank = "embedded", sampling: Sampling | None = None,
        test_curve: bool = False, noisy_val: bool = False,
    ) -> None:  # fmt: skip
        lightning.LightningDataModule.__init__(self)
        opened = open_dataset(dataset) if isinstance(dataset, str) else dataset
        EvaluationSets.__init__(self, opened, runs, backbone, sampling or Sampling())
        self.test_curve, self.noisy_val = test_curve, noisy_val
        self._plan: Plan | None = None

    def train_dataloader(self) -> Steps:
        """Numbers of steps: batches are gathered on the device, so no worker has anything to do."""
        return Steps(self)

    def val_dataloader(self) -> Any:
        """Every run's draw of the val split, in chunks; empty where the data set has no val split."""
        images = self.val_images()
        return images and DataLoader(images, batch_size=None)  # type: ignore[arg-type]

    def test_dataloader(self) -> Any:
        """The test split in chunks."""
        return DataLoader(self.test_images(), batch_size=None)  # type: ignore[arg-type]

    def predict_dataloader(self) -> Any:
        """The test split in chunks."""
        return self.test_dataloader()

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Turns the number of a training step into its batch; evaluation images are on the device already."""
        return self.batch(batch) if isinstance(batch, int) else batch

    @property
    def epoch(self) -> int:
        """The epoch that is being trained."""
        return 0 if self.trainer is None else int(self.trainer.current_epoch)

    @property
    def plan(self) -> Plan:
        """This epoch's batches."""
        if self._plan is None or self._plan.epoch != self.epoch or self.changed:
            rows = zip(self.runs, self.sets, strict=True)
            slots = [self.views.slots(run.seed, part.images) for run, part in rows]
            orders = [rng(run.seed, "order", self.epoch) for run in self.runs]
            readable = self.views.readable if self.bank.skipped else None
            self._plan = make_plan(self.epoch, self.sets, slots, orders, self.sampling, self.device, readable)
            self.changed = False
        return self._plan

    def batch(self, step: int) -> Batch:
        """The features and labels of one step of this epoch, gathered on the device."""
        view, plan = self.epoch % self.views.count, self.plan
        images, labels, slots, valid = (tensor[step] for tensor in plan.tensors)
        crops = partial(self._crops, view, plan.slots[step])
        return Batch(self.views.features(view)[slots], labels, valid, valid.any(1), images, crops, step)

    def _crops(self, view: int, slots: Labels, rows: slice) -> tuple[Tensor, Tensor]:
        return self.views.pixels(view, slots[rows])


class Steps:
    """Counts through an epoch's steps; their number is asked for late, since a method may relabel at epoch start."""

    def __init__(self, data: NoisyFewShot) -> None:
        self.data = data

    def __iter__(self) -> Iterator[int]:
        """Yields 0, 1, ..., at least once."""
        yield (step := 0)
        while (step := step + 1) < len(self.data.plan.valid):
            yield step
