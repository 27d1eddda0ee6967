"""What packs share and a process loads once: data sets, backbones and their feature banks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from benchmark.run.devices import keep_to, parse_devices
from benchmark.run.events import Event
from datamodules.catalog import open_dataset
from datamodules.dataset import Dataset
from datamodules.encoded import Outputs
from datamodules.features.bank import FeatureBank, Progress
from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.clip.precomputed import Precomputed
from methods.errors import BackboneError
from methods.recipes import is_embedded

T = TypeVar("T")


def open_bank(
    name: str, devices: str, cache: Path, progress: Progress, skip_bad_images: bool = False,
    outputs: Outputs | None = None,
) -> tuple[Backbone, FeatureBank]:  # fmt: skip
    """A backbone on the first of these devices, and the bank of its features; `outputs` of a file stand for both.

    Raises UserError: devices that there are not, or a backbone that cannot be loaded.
    """
    device = keep_to(parse_devices(devices)[0])
    if outputs is not None:
        precomputed = Precomputed(outputs).to(device)
        return precomputed, FeatureBank(precomputed, None, device)
    backbone = load_backbone(name, device)
    return backbone, bank_of(name, backbone, cache, device, skip_bad_images, progress)


def bank_of(
    name: str, backbone: Backbone, cache: Path | None, device: str, skip_bad_images: bool,
    progress: Progress | None = None,
) -> FeatureBank:  # fmt: skip
    """A backbone's features; on disk for what takes long, in memory for the embedded ones."""
    return FeatureBank(backbone, None if is_embedded(name) else cache, device, None, progress, skip_bad_images)


@dataclass
class Resources:
    """Opens and keeps; `data` is the folder of real data sets, `cache` that of their features.

    `precision` is that of the frozen towers: "fp32", "bf16", or "auto". With `save_predictions`, what is trained keeps
    what it predicts of each image.
    """

    data: Path | None = None
    cache: Path | None = None
    skip_bad_images: bool = False
    precision: str = "auto"
    save_predictions: bool = False
    _kept: dict[Any, Any] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """Another process loads its own."""
        return {**vars(self), "_kept": {}}

    def dataset(self, name: str) -> Dataset:
        """The data set of this name. Raises DataError: it cannot be opened."""
        return self._keep(("dataset", name), lambda: open_dataset(name, self.data))

    def backbone(self, name: str, device: str, precision: str = "", dataset: str = "") -> Backbone:
        """The backbone on this device, in another `precision` than the resources' own if that is given.

        A `dataset` of features brings its backbone. Raises BackboneError: it cannot be loaded, or the file of features
        has changed.
        """
        outputs = self.dataset(dataset).outputs if dataset else None
        if outputs is not None:
            if name != outputs.name:
                raise BackboneError(f"{dataset} has changed: it was {name} and is {outputs.name} now")
            return self._keep(("backbone", name, device), lambda: Precomputed(outputs).to(device))
        how = precision or self.precision
        return self._keep(("backbone", name, device, how), lambda: load_backbone(name, device, how))

    def bank(self, name: str, device: str, report: Callable[[Event], None], dataset: str = "") -> FeatureBank:
        """A backbone's features; a `dataset` of features brings both."""

        def progress(what: str, done: int, total: int, rate: float) -> None:
            report(Event(device, "encode", f"encoding {what}, {rate:.0f} per second", done, total))

        backbone, skip = self.backbone(name, device, dataset=dataset), self.skip_bad_images
        bank = self._keep(("bank", name, device), lambda: bank_of(name, backbone, self.cache, device, skip))
        bank.progress = progress
        return bank

    def forget(self, what: str) -> None:
        """Lets go of every "backbone", "dataset" or "bank"."""
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != what}

    def _keep(self, key: tuple[str, ...], make: Callable[[], T]) -> T:
        if key not in self._kept:
            self._kept[key] = make()
        kept: T = self._kept[key]
        return kept
