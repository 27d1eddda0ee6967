"""The LightningDataModule of R replicas: what each of them trains on, in which order, and the test split."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, partial
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from datamodules.batches import Batch, TestImages
from datamodules.dataset import Dataset, ImageEncoder
from datamodules.errors import DataError
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from datamodules.features.inputs import Inputs
from datamodules.features.views import Views
from datamodules.paradigms import Pool
from datamodules.plan import Plan, TrainingSet, make_plan
from datamodules.replica import RunSpec, labelled, noisy_labels
from datamodules.seeds import rng


class NoisyFewShot(lightning.LightningDataModule):
    """Few-shot draws, wrong labels, augmented views and batch order of R replicas; each depends on its seed alone.

    `zero_shot` holds zero-shot CLIP's class weights [C, E] times its logit scale, for kinds of noise that need them.
    True labels stay in here: a batch has the given ones only.
    """

    def __init__(
        self,
        dataset: Dataset,
        replicas: Sequence[RunSpec],
        bank: FeatureBank,
        views: int,
        crop: Crop,
        batch_size: int = 32,
        zero_shot: Tensor | None = None,
        eval_batch: int = 4096,
    ) -> None:
        super().__init__()
        self.dataset, self.replicas, self.bank = dataset, replicas, bank
        self.batch_size = batch_size
        self.views = Views(bank, dataset.train.images, views, crop)
        self.zero_shot, self.eval_batch = zero_shot, eval_batch
        self._pools: dict[str, Tensor] = {}
        self.pools = [labelled(dataset, replica) for replica in replicas]
        self.given = [self._noisy_labels(replica, pool) for replica, pool in zip(replicas, self.pools, strict=True)]
        self.sets = list(self.given)
        self._plan: Plan | None = None

    def _noisy_labels(self, replica: RunSpec, pool: Pool) -> TrainingSet:
        zero_shot = None if self.zero_shot is None else self.zero_shot.cpu().numpy()
        return noisy_labels(self.dataset, replica, pool, lambda drawn: self.pool().cpu().numpy()[drawn], zero_shot)

    def setup(self, stage: str) -> None:
        """Encodes every image before the first step, so that a picture that cannot be read stops nothing half-way."""
        if not len(self.test_set[0]):
            raise DataError(f"no test image of {self.dataset.name} can be read")
        if stage == "fit":
            for replica, part in zip(self.replicas, self.sets, strict=True):
                self.views.slots(replica.seed, part.images)

    def pool(self, encoder: ImageEncoder | None = None) -> Tensor:
        """Unit features [P, E] of all training images, unaugmented, from the bank's encoder or another one."""
        bank = self.bank if encoder is None else self.bank.beside(encoder)
        if bank.encoder.identity not in self._pools:
            self._pools[bank.encoder.identity] = bank.plain(self.dataset.train.images).to(bank.device)
        return self._pools[bank.encoder.identity]

    @cached_property
    def test_set(self) -> tuple[Tensor, Tensor]:
        """Unit features [n, E] and labels [n] of the test split, without pictures that were skipped."""
        features = self.bank.plain(self.dataset.test.images).to(self.bank.device)
        labels = torch.from_numpy(self.dataset.test.labels).to(self.bank.device)
        self.readable = features.any(-1).nonzero().squeeze(-1)
        return features[self.readable], labels[self.readable]

    def pixels(self, images: Tensor) -> Tensor:
        """Normalised pixels [n, 3, S, S] of images [n] of the pool, unaugmented."""
        return self.views.plain(images.cpu().numpy())

    def training_set(self, row: int) -> tuple[Tensor, Tensor]:
        """The images [n] of the pool that replica `row` was given, and their given labels [n]."""
        part = self.given[row]
        return torch.from_numpy(part.images).to(self.bank.device), torch.from_numpy(part.labels).to(self.bank.device)

    def unlabelled(self, row: int) -> Tensor:
        """The images [n] of the pool that replica `row` may use without their labels."""
        free = np.setdiff1d(self.pools[row].unlabelled, self.given[row].images)
        return torch.from_numpy(free).to(self.bank.device)

    def seen(self, row: int) -> Tensor:
        """The classes with labelled images; all of them where no image is labelled."""
        return torch.from_numpy(np.flatnonzero(self.pools[row].seen)).to(self.bank.device)

    def unseen(self, row: int) -> Tensor:
        """The classes that unlabelled images can belong to: those without labelled images, else all."""
        seen = self.pools[row].seen
        return torch.from_numpy(np.flatnonzero(~seen if not seen.all() else seen)).to(self.bank.device)

    def assign(
        self, row: int, images: Tensor, labels: Tensor, groups: Tensor | None = None, paired: bool = False
    ) -> None:
        """From the coming epoch on, replica `row` trains on these images [n] of the pool with these labels [n].

        With `groups` [n] no batch mixes two groups, and group 0 comes first; `paired` sets them side by side instead,
        one batch of each in every step, and starts the smaller ones over until the largest is through.
        """
        kinds = None if groups is None else groups.cpu().numpy()
        self.sets[row] = TrainingSet(images.cpu().numpy(), labels.cpu().numpy(), kinds, paired)
        self._plan = None

    def wrong(self, images: Tensor, labels: Tensor) -> Tensor:
        """Whether labels [...] differ from the true ones of images [...] of the pool: for diagnostics alone."""
        return torch.from_numpy(self.dataset.train.labels).to(images.device)[images] != labels

    def pseudo_label_accuracy(self) -> Tensor:
        """Share [R] of the labels that a method assigned to images it was given none for that are true, else NaN."""
        shares = torch.full((len(self.sets),), torch.nan)
        for row, (part, given) in enumerate(zip(self.sets, self.given, strict=True)):
            added = ~np.isin(part.images, given.images)
            if part is not given and added.any():
                shares[row] = float((part.labels == self.dataset.train.labels[part.images])[added].mean())
        return shares

    def train_dataloader(self) -> Steps:
        """Numbers of steps: batches are gathered on the device, so no worker has anything to do."""
        return Steps(self)

    def val_dataloader(self) -> DataLoader[Any]:
        """The test split in chunks: it is looked at after every epoch, and the last epoch counts."""
        features, labels = self.test_set
        inputs = Inputs(self.dataset.test.images, self.bank.encoder.preprocess, self.bank.skip_bad_images)
        chunks = []
        for own in torch.arange(len(labels)).split(self.eval_batch):
            load = partial(self._test_pixels, inputs, own)
            chunks.append(TestImages(features[own][None], labels[own], load))
        return DataLoader(chunks, batch_size=None)  # type: ignore[arg-type]

    def _test_pixels(self, inputs: Inputs, own: Tensor) -> Tensor:
        """Pixels [n, 3, S, S] of images [n] of `test_set`."""
        return torch.cat(list(inputs.plain(self.readable[own].cpu().numpy()))).to(self.bank.device)

    def test_dataloader(self) -> DataLoader[Any]:
        """The whole test split."""
        return self.val_dataloader()

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Turns the number of a training step into its batch; evaluation batches are on the device already."""
        return self.batch(batch) if isinstance(batch, int) else batch

    @property
    def epoch(self) -> int:
        """The epoch that is being trained."""
        return 0 if self.trainer is None else int(self.trainer.current_epoch)

    @property
    def steps(self) -> int:
        """Steps of this epoch: as many as the largest training set needs."""
        return len(self._current_plan().valid)

    def batch(self, step: int) -> Batch:
        """Gathers the features and labels of one step of this epoch."""
        plan = self._current_plan()
        view, slots, valid = self.epoch % self.views.count, plan.slots[step], plan.valid[step]
        features, crops = self.views.features(view)[slots], partial(self.views.pixels, view)
        if self.bank.skipped:  # a picture that cannot be read has no features
            valid = valid & features.any(-1)
        return Batch(features, plan.labels[step], valid, valid.any(1), plan.images[step], slots, crops)

    def _current_plan(self) -> Plan:
        if self._plan is None or self._plan.epoch != self.epoch:
            rows = zip(self.replicas, self.sets, strict=True)
            slots = [self.views.slots(replica.seed, part.images) for replica, part in rows]
            orders = [rng(replica.seed, "order", self.epoch) for replica in self.replicas]
            self._plan = make_plan(self.epoch, self.sets, slots, orders, self.batch_size, self.bank.device)
        return self._plan


class Steps:
    """Counts through an epoch's steps; their number is asked for late, since a method may relabel at epoch start."""

    def __init__(self, data: NoisyFewShot) -> None:
        self.data = data

    def __iter__(self) -> Iterator[int]:
        """Yields 0, 1, ..., at least once."""
        yield (step := 0)
        while (step := step + 1) < self.data.steps:
            yield step
