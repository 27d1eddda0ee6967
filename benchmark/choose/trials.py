"""Trains some methods side by side on images with doubtful labels, and measures their agreement with held-out ones."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback
from numpy.typing import NDArray
from torch import Tensor

from benchmark.audit.doubtful import Doubtful
from benchmark.errors import BadInput
from benchmark.plan.method_spec import parse_method
from benchmark.run.devices import trainer_device
from datamodules.datamodule import NoisyFewShot
from datamodules.dataset import Dataset, Split
from datamodules.features.bank import FeatureBank
from datamodules.run_spec import RunSpec
from methods.clip.backbone import Backbone
from methods.core.base import BaseMethod
from methods.core.module import classifiers
from methods.core.pack_module import PackModule
from methods.core.task import Task
from methods.recipes import NamedRecipe

logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
warnings.filterwarnings("ignore", module="lightning")

Step = Callable[[], None]


@dataclass(frozen=True)
class Setting:
    """What trials have in common: images with given labels, a frozen backbone, its features, a recipe, a device."""

    data: Doubtful
    backbone: Backbone
    bank: FeatureBank
    recipe: NamedRecipe
    device: str

    @property
    def shots(self) -> int:
        """The number of images of the largest class, so that a draw of that many takes all images."""
        return int(np.bincount(self.data.given).max())

    def epochs(self) -> int:
        """Epochs of one training."""
        return self.recipe.epochs(self.data.name, self.shots)


@dataclass(frozen=True)
class Trained:
    """Methods after training: class weights [C, E] of each method by seed, and the module and data behind them."""

    module: PackModule
    data: NoisyFewShot
    weights: dict[str, list[Tensor]]

    @torch.no_grad()
    def hits(self) -> dict[str, NDArray[np.floating]]:
        """Whether each method agrees with the held-out given labels, [R, P]: 1 or 0, NaN where not held out."""
        parts = self.data.noisy_val_images()
        found: dict[str, NDArray[np.floating]] = {}
        for member, (name, own) in zip(self.module.members, self.weights.items(), strict=True):
            rows = [part.rows(member.rows) for part in parts]
            weights = torch.stack(own)
            guesses = torch.cat([member.logits(member.image_features(row), weights).argmax(-1) for row in rows], 1)
            right = guesses.eq(torch.cat([row.labels for row in rows], 1)).float().cpu().numpy()
            found[name] = np.full((len(own), len(self.data.dataset.train.labels)), np.nan)
            for row, held in enumerate(self.data.held_out[member.rows]):
                found[name][row, held.images] = right[row, : len(held.images)]
        return found


def train(setting: Setting, names: Sequence[str], seeds: Sequence[int], hold_out: float, step: Step) -> Trained:
    """Trains every method once per seed on the given labels, but for the share `hold_out` of each class.

    `step` is called after every epoch. A method and seed trains as it would alone.

    Raises:
        BadInput: a method whose class weights do not classify by themselves.
    """
    data, shots, count = setting.data, setting.shots, len(names)
    split = Split(data.images, data.given)
    dataset = Dataset(data.name, data.classes, data.template, split, split, trusted=False)
    members: list[BaseMethod] = []
    for name in names:
        info, options = parse_method(name)
        own = setting.recipe.at(name, data.name, shots)
        task = Task(setting.backbone, data.classes, data.template, list(seeds), own.epochs, own)
        members.append(import_module(info.module).Method(task, **options))
        if not members[-1].is_linear:
            raise BadInput(f"{name} changes image features, so its classifier cannot be exported; leave it out")
    module = PackModule(members)
    specs = [RunSpec(seed, shots, hold_out=hold_out) for _ in range(count) for seed in seeds]
    noisy = NoisyFewShot(dataset, specs, backbone=setting.bank)
    trainer = lightning.Trainer(
        max_epochs=setting.epochs(), **trainer_device(setting.device), logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0, callbacks=[_Epochs(step)],
    )  # fmt: skip
    if any(member.fits for member in members):
        trainer.fit(module, datamodule=noisy)
    module.to(setting.device)  # a Trainer leaves what it trained on the CPU
    with torch.no_grad():
        weights = classifiers(members)
    return Trained(module, noisy, {name: list(own.detach()) for name, own in zip(names, weights, strict=True)})


class _Epochs(Callback):
    """Calls a function after every epoch."""

    def __init__(self, step: Step) -> None:
        self.step = step

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self.step()
