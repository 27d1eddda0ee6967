"""The features, pixels and labels that R runs train and are tested on, on one device, each made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, partial

import numpy as np
import torch
from torch import Tensor

from datamodules.dataset import Dataset, ImageEncoder, Labels
from datamodules.encoded import Rows
from datamodules.epoch_plan import Sampling
from datamodules.errors import DataError
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop
from datamodules.features.views import Views
from datamodules.noise import Floats
from datamodules.run_spec import RunSpec
from datamodules.training_sets import TrainingSets


class RunFeatures(TrainingSets):
    """What one image tower, a name, an encoder or its bank of features, makes of the images of R runs.

    Raises DataError: a draw or noise that cannot be made of this data set.
    """

    def __init__(
        self, dataset: Dataset, runs: Sequence[RunSpec], backbone: str | ImageEncoder | FeatureBank, sampling: Sampling
    ) -> None:
        super().__init__(dataset, runs)
        self._bank = backbone if isinstance(backbone, FeatureBank) else None
        self.backbone = backbone.encoder if isinstance(backbone, FeatureBank) else backbone
        self.device = torch.device("cpu") if self._bank is None else self._bank.device
        self.sampling = sampling
        self._kept: dict[str, Tensor] = {}

    def connect(self, encoder: ImageEncoder, device: torch.device, sampling: Sampling) -> None:
        """Sets the image tower, the device of all tensors, and what was left open; a method's `setup` calls it."""
        self.backbone, self.sampling = encoder, self.sampling.completed(sampling)
        if device != self.device:
            self.device = self.bank.device = device
            self.views.forget_device()
            self._kept.clear()
            self.changed = True

    @property
    def bank(self) -> FeatureBank:
        """The features of the run's image tower. Raises DataError: no image tower is known yet."""
        if self._bank is None:
            if isinstance(self.backbone, str):
                raise DataError(
                    f"the data module has no image tower yet: a method loads {self.backbone!r} when a Trainer sets it"
                    " up; to use the data without one, pass a loaded backbone"
                )
            self._bank = FeatureBank(self.backbone, None, self.device)
        return self._bank

    @cached_property
    def views(self) -> Views:
        """The augmented views of the training images: one where crops are left out, and those that a file has."""
        images, crop, count = self.dataset.train.images, self.sampling.crop or Crop(), max(1, self.sampling.views)
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
        """Unit features [..., E], unaugmented, of training images [...] that runs were given; of a file, no others.

        Where the images are padding, the features are any.
        """
        if self.dataset.outputs is None:
            return self.pool()[images]
        own = self._keep("given", lambda: torch.from_numpy(np.unique(np.concatenate([s.images for s in self.given]))))
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

        Raises DataError: no test image can be read.
        """
        rows, plain = self.test_rows, partial(self.bank.plain, self.dataset.test.images)
        features = self._keep("test", plain if len(rows) == len(self.dataset.test.images) else lambda: plain()[rows])
        labels = self._keep("test labels", lambda: torch.from_numpy(self.dataset.test.labels)[self.test_rows])
        return features, labels

    @cached_property
    def test_rows(self) -> Labels:
        """The places in the test split [n] of the images of `test_set`. Raises DataError: no test image can be read."""
        readable = np.flatnonzero(self.bank.plain(self.dataset.test.images).any(-1).numpy())
        if not len(readable):
            raise DataError(f"no test image of {self.dataset.name} can be read")
        return readable

    def _keep(self, name: str, make: Callable[[], Tensor]) -> Tensor:
        if name not in self._kept:
            self._kept[name] = make().to(self.device)
        return self._kept[name]
