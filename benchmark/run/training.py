"""Trains some runs side by side: builds their methods and data, runs Lightning's Trainer, collects results."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback, LambdaCallback

from benchmark.plan.axes import DATA, Run
from benchmark.plan.packs import Pack
from benchmark.plan.short_names import short_name
from benchmark.published import papers
from benchmark.run.collect import Result, collect, zero_shot_accuracy
from benchmark.run.devices import trainer_device
from benchmark.run.events import Event, Report
from benchmark.run.pack_memory import fit_memory
from benchmark.run.resources import Resources
from datamodules.datamodule import NoisyFewShot
from datamodules.dataset import Dataset
from datamodules.notices import FOUND
from datamodules.run_spec import RunSpec
from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.core.base import BaseMethod
from methods.core.pack_module import PackModule
from methods.core.task import Task

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")


def train(runs: Sequence[Run], resources: Resources, device: str, sharing: int, report: Report) -> list[Result]:
    """Trains runs of one data set, backbone and length; `sharing` workers share the device's memory.

    Raises TooLarge: they do not fit into memory together.
    """
    start, first, title = time.perf_counter(), runs[0], Pack(tuple(runs)).title
    backbone = resources.backbone(first.backbone, device, dataset=first.dataset)
    dataset = resources.dataset(first.dataset)
    module = build(runs, backbone, dataset, partial(resources.backbone, device=device))
    module.keep_predictions = resources.save_predictions
    fit_memory(module, device, sharing)
    bank = resources.bank(first.backbone, device, report, first.dataset)
    data = NoisyFewShot(dataset, specs(runs), backbone=bank, test_curve=True, noisy_val=True)
    if (accuracy := zero_shot_accuracy(module.members[0], data)) is not None:
        report(Event(device, "note", zero_shot_line(first, accuracy)))

    def tell(trainer: lightning.Trainer, _: lightning.LightningModule) -> None:
        epoch, epochs = trainer.current_epoch, int(trainer.max_epochs or 1)
        report(Event(device, "epoch", f"{title}, epoch {epoch + 1} of {epochs}", epoch, epochs, runs=len(runs)))

    fit(module, data, device, LambdaCallback(on_train_epoch_start=tell), test=True)
    for text in FOUND:
        report(Event(device, "note", text))
    return collect(runs, module, data, device, (time.perf_counter() - start) / len(runs))


def fit(module: PackModule, data: NoisyFewShot, device: str, callback: Callback, test: bool = False) -> None:
    """Trains methods for as long as their recipes say and, with `test`, measures them; leaves them on the device."""
    trainer = lightning.Trainer(
        max_epochs=max(member.total_epochs for member in module.members), **trainer_device(device), logger=False,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0,
        callbacks=[callback],
    )  # fmt: skip
    if any(member.fits for member in module.members):
        trainer.fit(module, datamodule=data)
    if test:
        trainer.test(module, datamodule=data, verbose=False)
    module.to(device)  # a Trainer leaves what it trained on the CPU


def specs(runs: Sequence[Run]) -> list[RunSpec]:
    """What each run trains on, by its axes and its recipe."""
    names = [name for name in DATA if name != "dataset"]
    found = []
    for run in runs:
        hold_out, known, draw = run.settings.given
        given: dict[str, Any] = {name: getattr(run, name) for name in names}
        found.append(RunSpec(**given, hold_out=hold_out, known=known, draw=draw))
    return found


def build(
    runs: Sequence[Run], backbone: Backbone, dataset: Dataset, load: Callable[[str], Backbone] = load_backbone
) -> PackModule:
    """The methods of some runs, in the order of the runs; equal methods with equal recipes stand side by side."""
    members: list[BaseMethod] = []
    alike: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        alike.setdefault((run.method, run.recipe), []).append(run)
    for own in alike.values():
        info, options = own[0].spec
        seeds, settings = [run.seed for run in own], own[0].settings
        task = Task(backbone, dataset.classes, dataset.template, seeds, settings.epochs, settings, load)
        members.append(import_module(info.module).Method(task, **options))
    return PackModule(members)


def zero_shot_line(run: Run, accuracy: float) -> str:
    """Zero-shot accuracy beside the published ones: if it is far off, weights or preprocessing are wrong."""
    published = "".join(f", published {other.accuracy:g} %" for other in papers.zero_shot(run.dataset, run.backbone))
    return f"{short_name(run.dataset)}: zero-shot CLIP {accuracy:.1f} %{published}"
