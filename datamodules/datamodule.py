"""The LightningDataModule of R replicas: training steps, validation and test images, on one device."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.batches import Batch, EvaluationImages
from datamodules.catalog import open_dataset
from datamodules.dataset import Dataset, ImageEncoder, Labels, Split
from datamodules.encoded import Rows
from datamodules.epoch_plan import Batching, Plan, TrainingSet, make_plan
from datamodules.errors import DataError
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from datamodules.features.inputs import Inputs
from datamodules.features.views import Views
from datamodules.fewshot import few_shot_val
from datamodules.noise import Floats
from datamodules.run_spec import RunSpec
from datamodules.seeds import rng
from datamodules.training_sets import TrainingSets
from datamodules.validation import noisy_validation, side_by_side


class NoisyFewShot(TrainingSets, lightning.LightningDataModule):
    """Few-shot draws, label noise, augmented views and batch order of R replicas; each depends on its seed alone.

    One replica per seed, all with the same `noise`, `rate` (0 to 1), `shots` and `paradigm`; or one for each of `runs`.
    `dataset` and `backbone` are names, or objects. Views per image, crops and batch size, where not given, come from
    the method's recipe and the Trainer's epochs. True labels of training images are never part of a batch.

    Validation is CoOp's draw of the val split (2109.01134), at most 4 images a class, with true labels; a data set
    without a val split has none. With `test_curve`, test accuracy is also measured after epochs, and with
    `noisy_val` the accuracy on validation images whose labels have the noise of the training labels: those that a run
    holds out, else the draw of the val split.

    Raises:
        DataError: a data set that cannot be opened, or a draw or noise that cannot be made of it.
    """

    def __init__(
        self,
        dataset: str | Dataset,
        *,
        noise: str = "none",
        rate: float | None = 0.0,
        shots: int = 16,
        seeds: Sequence[int] = (1,),
        paradigm: str = "fewshot",
        runs: Sequence[RunSpec] = (),
        backbone: str | ImageEncoder = "embedded",
        bank: FeatureBank | None = None,
        views: int = 0,
        crop: Crop | None = None,
        batch_size: int | Literal["all"] = 0,
        root: Path | None = None,
        cache: Path | None = None,
        test_curve: bool = False,
        noisy_val: bool = False,
        eval_batch: int = 4096,
    ) -> None:
        lightning.LightningDataModule.__init__(self)
        opened = open_dataset(dataset, root) if isinstance(dataset, str) else dataset
        TrainingSets.__init__(self, opened, runs or [RunSpec(seed, shots, noise, rate, paradigm) for seed in seeds])
        self.backbone: str | ImageEncoder = backbone if bank is None else bank.encoder
        self.view_count, self.crop, self.cut = views, crop, Batching(batch_size)
        self.test_curve, self.noisy_val, self.eval_batch, self.cache = test_curve, noisy_val, eval_batch, cache
        self.device = torch.device("cpu") if bank is None else bank.device
        self._bank = bank
        self._plan: Plan | None = None
        self._kept: dict[str, Tensor] = {}

    def connect(self, encoder: ImageEncoder, device: torch.device, views: int, crop: Crop, cut: Batching) -> None:
        """Sets the image tower, the device of all tensors, and what was left open; a method's `setup` calls it."""
        self.backbone = encoder
        self.view_count, self.crop = self.view_count or views, self.crop or crop
        self.cut = cut._replace(size=self.cut.size or cut.size)
        if device != self.device:
            self.device = self.bank.device = device
            self.views.forget_device()
            self._kept.clear()
            self._plan = None

    @property
    def bank(self) -> FeatureBank:
        """The features of the run's image tower.

        Raises:
            DataError: no image tower is known yet.
        """
        if self._bank is None:
            if isinstance(self.backbone, str):
                raise DataError(
                    f"the data module has no image tower yet: a method loads {self.backbone!r} when a Trainer sets it"
                    " up; to use the data without one, pass a loaded backbone"
                )
            self._bank = FeatureBank(self.backbone, self.cache, self.device)
        return self._bank

    @cached_property
    def views(self) -> Views:
        """The augmented views of the training images: one where crops are left out, and those that a file has."""
        images, crop, count = self.dataset.train.images, self.crop or Crop(), max(1, self.view_count)
        if isinstance(images, Rows):
            count = 1 if images.views is None else len(images.views)
        return Views(self.bank, images, count if crop.scale else 1, crop)

    def encode(self) -> None:
        """Encodes every training view now, so that a picture that cannot be read does not stop a training half-way."""
        for run, part in zip(self.runs, self.sets, strict=True):
            self.views.slots(run.seed, part.images)

    def pool(self, encoder: ImageEncoder | None = None) -> Tensor:
        """Unit features [P, E] of all training images, unaugmented, from the run's image tower or another one."""
        bank = self.bank if encoder is None else self.bank.beside(encoder)
        return self._keep(f"pool {bank.encoder.identity}", lambda: bank.plain(self.dataset.train.images))

    def plain(self, images: Tensor) -> Tensor:
        """Unit features [..., E], unaugmented, of training images [...] that replicas were given; of a file, no others.

        Where the images are padding, the features are any.
        """
        if self.dataset.outputs is None:
            return self.pool()[images]
        own = self._keep(
            "given", lambda: torch.from_numpy(np.unique(np.concatenate([one.images for one in self.given])))
        )
        table = self._keep("of given", lambda: self.bank.plain(self.dataset.train.images, own.cpu().numpy()))
        return table[torch.searchsorted(own, images).clamp(max=len(own) - 1)]

    def unit_features(self) -> Floats:
        """Unit features [P, E] of all training images, on the host."""
        return self.pool().cpu().numpy()

    def pixels(self, images: Tensor) -> Tensor:
        """Normalised pixels [n, 3, S, S] of training images [n], unaugmented."""
        return self.views.plain(images.cpu().numpy())

    def wrong(self, images: Tensor, labels: Tensor) -> Tensor:
        """Whether labels [...] differ from the true ones of training images [...]: for diagnostics alone."""
        return self._keep("true labels", lambda: torch.from_numpy(self.dataset.train.labels))[images] != labels

    @property
    def test_set(self) -> tuple[Tensor, Tensor]:
        """Unit features [n, E] and labels [n] of the test split, without pictures that were skipped.

        Raises:
            DataError: no test image can be read.
        """
        features = self._keep("test", lambda: self.bank.plain(self.dataset.test.images)[self.test_rows])
        labels = self._keep("test labels", lambda: torch.from_numpy(self.dataset.test.labels)[self.test_rows])
        return features, labels

    @cached_property
    def test_rows(self) -> Labels:
        """The places in the test split [n] of the images of `test_set`.

        Raises:
            DataError: no test image can be read.
        """
        readable = np.flatnonzero(self.bank.plain(self.dataset.test.images).any(-1).numpy())
        if not len(readable):
            raise DataError(f"no test image of {self.dataset.name} can be read")
        return readable

    def train_dataloader(self) -> Steps:
        """Numbers of steps: batches are gathered on the device, so no worker has anything to do."""
        return Steps(self)

    def val_dataloader(self) -> Any:
        """Every replica's draw of the val split, in chunks; empty where the data set has no val split."""
        split = self.dataset.val
        if split is None:
            return []
        train = self.dataset.train.labels
        drawn = np.stack([few_shot_val(train, split.labels, run.shots, run.seed) for run in self.runs])
        index = torch.from_numpy(drawn)
        features = self._keep("val", lambda: self.bank.plain(split.images)[index])
        labels = self._keep("val labels", lambda: torch.from_numpy(split.labels)[index])
        return DataLoader(self._chunks(split, drawn, features, labels), batch_size=None)  # type: ignore[arg-type]

    @cached_property
    def _noisy_validation(self) -> tuple[Split, list[TrainingSet]]:
        """Every replica's validation images with noisy labels, and the split that they are of."""
        val = self.dataset.val
        if val is None or any(run.hold_out for run in self.runs):
            return self.dataset.train, self.held_out

        def features() -> Floats:
            return self.bank.plain(val.images).numpy()

        pairs = zip(self.runs, self.pools, strict=True)
        return val, [noisy_validation(self.dataset, run, pool.seen, features, self.zero_shot) for run, pool in pairs]

    def noisy_val_images(self) -> list[EvaluationImages]:
        """Every replica's validation images in chunks, with noisy labels, -1 where there is no image."""
        return self._own_chunks("noisy val", *self._noisy_validation)

    def given_images(self) -> list[EvaluationImages]:
        """The images that every replica was given, unaugmented, in chunks, with their labels, -1 where there is none.

        Their order is that of `given`.
        """
        return self._own_chunks("given", self.dataset.train, self.given)

    def _own_chunks(self, name: str, split: Split, sets: Sequence[TrainingSet]) -> list[EvaluationImages]:
        """Every replica's own images of a split, side by side in chunks; their tensors are kept under `name`."""
        images, labels = side_by_side(sets)
        used, places = np.unique(images, return_inverse=True)
        if not len(used):
            return []
        table = self._keep(name, lambda: self.bank.plain(split.images, used))
        index = self._keep(f"{name} index", lambda: torch.from_numpy(places.reshape(images.shape)))
        return self._chunks(split, images, table[index], self._keep(f"{name} labels", lambda: torch.from_numpy(labels)))

    def test_dataloader(self) -> Any:
        """The test split in chunks."""
        return DataLoader(self.test_images(), batch_size=None)  # type: ignore[arg-type]

    def predict_dataloader(self) -> Any:
        """The test split in chunks."""
        return self.test_dataloader()

    def test_images(self) -> list[EvaluationImages]:
        """The test split in chunks."""
        features, labels = self.test_set
        return self._chunks(self.dataset.test, self.test_rows[None], features[None], labels[None])

    def _chunks(self, split: Split, index: Labels, features: Tensor, labels: Tensor) -> list[EvaluationImages]:
        """Images `index` [R or 1, n] of a split with their features [R or 1, n, E] and labels [R or 1, n]."""
        inputs = Inputs(split.images, self.bank.encoder.preprocess, self.bank.skip_bad_images)

        def load(part: Labels) -> tuple[Tensor, Tensor]:
            images, places = np.unique(part, return_inverse=True)
            pixels = torch.cat(list(inputs.plain(images))).to(self.device)
            return pixels, torch.from_numpy(places.reshape(part.shape)).to(self.device)

        size = self.eval_batch
        parts = [slice(first, first + size) for first in range(0, index.shape[1], size)]
        return [EvaluationImages(features[:, i], labels[:, i], partial(load, index[:, i])) for i in parts]

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
            self._plan = make_plan(self.epoch, self.sets, slots, orders, self.cut, self.device, readable)
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

    def _keep(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        """A tensor on the device, made once."""
        if name not in self._kept:
            self._kept[name] = make().to(self.device)
        return self._kept[name]


class Steps:
    """Counts through an epoch's steps; their number is asked for late, since a method may relabel at epoch start."""

    def __init__(self, data: NoisyFewShot) -> None:
        self.data = data

    def __iter__(self) -> Iterator[int]:
        """Yields 0, 1, ..., at least once."""
        yield (step := 0)
        while (step := step + 1) < len(self.data.plan.valid):
            yield step
