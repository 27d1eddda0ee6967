"""The images that R runs are measured on: validation, test, and what they were given, in chunks on the device."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from datamodules.batches import EvaluationImages
from datamodules.dataset import Labels, Split
from datamodules.epoch_plan import TrainingSet
from datamodules.features.inputs import Inputs
from datamodules.fewshot import few_shot_val
from datamodules.noise import Floats
from datamodules.run_features import RunFeatures
from datamodules.validation import noisy_validation, side_by_side


class EvaluationSets(RunFeatures):
    """Evaluation splits in chunks of at most `eval_batch` images."""

    eval_batch = 4096

    def val_images(self) -> list[EvaluationImages]:
        """Every run's draw of the val split, in chunks; empty where the data set has no val split."""
        split = self.dataset.val
        if split is None:
            return []
        train = self.dataset.train.labels
        drawn = [few_shot_val(train, split.labels, run.shots, run.seed) for run in self.runs]
        return self._own_chunks("val", split, [TrainingSet(rows, split.labels[rows]) for rows in drawn])

    @cached_property
    def _noisy_validation(self) -> tuple[Split, list[TrainingSet]]:
        """Every run's validation images with noisy labels, and the split that they are of."""
        val = self.dataset.val
        if val is None or any(run.hold_out for run in self.runs):
            return self.dataset.train, self.held_out

        def features() -> Floats:
            return self.bank.plain(val.images).numpy()

        pairs = zip(self.runs, self.pools, strict=True)
        return val, [noisy_validation(self.dataset, run, pool.seen, features, self.zero_shot) for run, pool in pairs]

    def noisy_val_images(self) -> list[EvaluationImages]:
        """Every run's validation images in chunks, with noisy labels, -1 where there is no image."""
        return self._own_chunks("noisy val", *self._noisy_validation)

    def given_images(self) -> list[EvaluationImages]:
        """The images that every run was given, unaugmented, in chunks, with their labels, -1 where there is none.

        Their order is that of `given`.
        """
        return self._own_chunks("given", self.dataset.train, self.given)

    def _own_chunks(self, name: str, split: Split, sets: Sequence[TrainingSet]) -> list[EvaluationImages]:
        """Every run's own images of a split, side by side in chunks; their tensors are kept under `name`."""
        images, labels = side_by_side(sets)
        used, places = np.unique(images, return_inverse=True)
        if not len(used):
            return []
        table = self._keep(name, lambda: self.bank.plain(split.images, used))
        index = self._keep(f"{name} index", lambda: torch.from_numpy(places.reshape(images.shape)))
        return self._chunks(split, images, table[index], self._keep(f"{name} labels", lambda: torch.from_numpy(labels)))

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
