"""Trains some methods side by side on images with doubtful labels, and measures their agreement with held-out ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from lightning.pytorch.callbacks import LambdaCallback
from numpy.typing import NDArray
from torch import Tensor

from benchmark.audit.doubtful import Doubtful
from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.run.training import build, fit, specs
from datamodules.datamodule import NoisyFewShot
from datamodules.dataset import Dataset, Split
from datamodules.features.bank import FeatureBank
from methods.clip.backbone import Backbone
from methods.core.module import classifiers
from methods.core.pack_module import PackModule
from methods.recipes import NamedRecipe

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
    """Trains every method once per seed on the given labels, but for the fraction `hold_out` of each class.

    `step` is called after every epoch. A method and seed trains as it would alone.

    Raises:
        BadInput: a method whose class weights do not classify by themselves.
    """
    data, backbone = setting.data, setting.backbone
    split = Split(data.images, data.given)
    dataset = Dataset(data.name, data.classes, data.template, split, split, trusted=False)
    recipe = str(setting.recipe.with_option("hold_out", hold_out))
    runs = [
        Run(backbone.name, data.name, name, "none", 0.0, setting.shots, seed, recipe, setting.epochs())
        for name in names
        for seed in seeds
    ]
    module = build(runs, backbone, dataset)
    for name, member in zip(names, module.members, strict=True):
        if not member.is_linear:
            raise BadInput(f"{name} changes image features, so its classifier cannot be exported; leave it out")
    noisy = NoisyFewShot(dataset, specs(runs), backbone=setting.bank)
    fit(module, noisy, setting.device, LambdaCallback(on_train_epoch_end=lambda *_: step()))
    with torch.no_grad():
        weights = classifiers(module.members)
    return Trained(module, noisy, {name: list(own.detach()) for name, own in zip(names, weights, strict=True)})
