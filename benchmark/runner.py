"""Trains a pack: builds data and methods, runs Lightning's Trainer, writes one record per run."""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from benchmark import papers
from benchmark.errors import BadInput
from benchmark.events import Event
from benchmark.grid import Pack, Run, parse_method
from benchmark.memory import TooLarge, make_room
from benchmark.pool import Report
from benchmark.records import Store
from benchmark.results import collect, zero_shot_accuracy
from datamodules.augment import Crop
from datamodules.base import NoisyFewShot
from datamodules.catalog import open_dataset
from datamodules.dataset import Dataset
from datamodules.errors import DataError
from datamodules.features import FeatureBank
from datamodules.given import Replica
from methods.backbone import Backbone, load_backbone
from methods.base import BaseMethod, Task
from methods.errors import BackboneError, MethodError
from methods.fused import Fused
from methods.recipe import recipe_for

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")


@dataclass
class Runner:
    """A job for `map_packs`: trains packs on a device, keeps backbone and data between them, writes records.

    `data` is the folder of real data sets, `cache` that of their features; `threads` limits a CPU worker's threads (0:
    torch's own choice), and `sharing` of them share a device's memory.
    """

    out: Path
    data: Path | None = None
    cache: Path | None = None
    threads: int = 0
    skip_bad_images: bool = False
    sharing: int = 1
    _kept: dict[Any, Any] = field(default_factory=dict)

    def __getstate__(self) -> dict[str, Any]:
        """A worker loads its own backbone and data."""
        return {**vars(self), "_kept": {}}

    def __call__(self, pack: Pack, device: str, report: Report) -> None:
        """Trains the pack unless all of it is done, in parts where memory is short; halves it on an error."""
        if self.threads:
            torch.set_num_threads(self.threads)
        store = Store(self.out)
        done = store.finished(pack.runs)
        if len(done) < len(pack.runs):
            self._train_or_split(pack.runs, done, device, store, report)

    def dataset(self, name: str) -> Dataset:
        """The data set, opened once per process."""
        dataset: Dataset = self._keep(("dataset", name), lambda: open_dataset(name, self.data))
        return dataset

    def classes(self, pack: Pack) -> int:
        """How many classes a pack's runs tell apart."""
        return len(self.dataset(pack.runs[0].dataset).classes)

    def backbone(self, name: str, device: str) -> Backbone:
        """The backbone, loaded once per process."""
        backbone: Backbone = self._keep(("backbone", name, device), lambda: load_backbone(name, device))
        return backbone

    def _bank(self, name: str, backbone: Backbone, device: str, report: Report) -> FeatureBank:
        """The feature bank; on disk for what takes long, in memory for the embedded backbone."""

        def progress(what: str, done: int, total: int, rate: float) -> None:
            report(Event(device, "encode", f"encoding {what}, {rate:.0f} a second", done, total))

        cache = None if name.startswith("embedded") else self.cache
        bank: FeatureBank = self._keep(
            ("bank", name, device),
            lambda: FeatureBank(backbone, cache, device, skip_bad_images=self.skip_bad_images),
        )
        bank.progress = progress
        return bank

    def forget(self, what: str) -> None:
        """Lets go of what is kept between packs: "backbone", "dataset" or "bank"."""
        self._kept = {key: kept for key, kept in self._kept.items() if key[0] != what}

    def _keep(self, key: Any, make: Any) -> Any:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def _train_or_split(self, runs: Sequence[Run], done: set[str], device: str, store: Store, report: Report) -> None:
        try:
            results = self._train(runs, device, report)
        except (BadInput, DataError, BackboneError, MethodError):
            raise
        except TooLarge as error:
            logging.getLogger(__name__).info("%s: %s", Pack(tuple(runs)).title, error)
            self._split(runs, error.parts, done, device, store, report)
            return
        except Exception as error:
            todo = [run for run in runs if run.key not in done]
            if len(runs) == 1:
                cause = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
                store.fail(runs[0], cause)
                report(Event(device, "failed", str(runs[0]), finished=len(todo)))
                return
            logging.getLogger(__name__).warning("%d runs raised %r; trying them in halves", len(runs), error)
            self._split(runs, 2, done, device, store, report)
            return
        for run, (result, learned) in zip(runs, results, strict=True):
            if run.key not in done:
                store.write(run, result, learned)
        report(Event(device, "finished", finished=sum(run.key not in done for run in runs)))

    def _split(
        self, runs: Sequence[Run], parts: int, done: set[str], device: str, store: Store, report: Report
    ) -> None:
        """Trains the runs in equal parts, one after the other."""
        if device.startswith("cuda"):
            torch.cuda.empty_cache()
        share = math.ceil(len(runs) / parts)
        for part in (runs[first : first + share] for first in range(0, len(runs), share)):
            if any(run.key not in done for run in part):
                self._train_or_split(part, done, device, store, report)

    def _train(self, runs: Sequence[Run], device: str, report: Report) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        start = time.perf_counter()
        first = runs[0]
        backbone, dataset = self.backbone(first.backbone, device), self.dataset(first.dataset)
        recipe = recipe_for(first.backbone)
        module = build(runs, backbone, dataset, partial(self.backbone, device=device))
        make_room(module, device, self.sharing)
        bank = self._bank(first.backbone, backbone, device, report)
        zero_shot = backbone.scale * module.members[0].zero_shot()
        data = NoisyFewShot(
            dataset, [_replica(run) for run in runs], bank, first.epochs, Crop(recipe.crop, flip=recipe.flip),
            recipe.batch, zero_shot,
        )  # fmt: skip
        data.setup("fit")
        report(Event(device, "note", zero_shot_line(first, zero_shot_accuracy(module.members[0], data))))
        trainer = lightning.Trainer(
            max_epochs=max(member.total_epochs for member in module.members),
            accelerator="gpu" if device.startswith("cuda") else "cpu",
            devices=[torch.device(device).index or 0] if device.startswith("cuda") else 1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            callbacks=[_Progress(Pack(tuple(runs)), device, report)],
        )
        if any(member.trainable for member in module.members):
            trainer.fit(module, datamodule=data)
        trainer.test(module, datamodule=data, verbose=False)
        return collect(runs, module, data, device, (time.perf_counter() - start) / len(runs))


def zero_shot_line(run: Run, accuracy: float) -> str:
    """Zero-shot accuracy beside the published ones: if it is far off, weights or preprocessing are wrong."""
    published = "".join(f", published {other.accuracy:g} %" for other in papers.zero_shot(run.dataset, run.backbone))
    return f"{run.dataset}: zero-shot CLIP {accuracy:.1f} %{published}"


def build(
    runs: Sequence[Run], backbone: Backbone, dataset: Dataset, load: Callable[[str], Backbone] = load_backbone
) -> Fused:
    """The methods of some runs, in the order of the runs; equal methods stand side by side."""
    members: list[BaseMethod] = []
    seeds: dict[str, list[int]] = {}
    for run in runs:
        seeds.setdefault(run.method, []).append(run.seed)
    for name, own in seeds.items():
        info, options = parse_method(name)
        recipe = recipe_for(backbone.name)
        task = Task(backbone, dataset.classes, dataset.template, own, runs[0].epochs, recipe, load)
        members.append(import_module(info.module).Method(task, **options))
    return Fused(members)


def _replica(run: Run) -> Replica:
    return Replica(run.seed, run.shots, run.noise, run.rate, run.paradigm)


class _Progress(Callback):
    """Tells how far a pack is."""

    def __init__(self, pack: Pack, device: str, report: Report) -> None:
        self.pack, self.device, self.report = pack, device, report

    def on_train_epoch_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        epoch, epochs = trainer.current_epoch, int(trainer.max_epochs or 1)
        text = f"{self.pack.title}, epoch {epoch + 1} of {epochs}"
        self.report(Event(self.device, "epoch", text, epoch, epochs, runs=len(self.pack.runs)))
