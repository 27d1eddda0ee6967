"""Trains methods on images with doubtful labels, and keeps what they say of the images that were held out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from lightning.pytorch.callbacks import LambdaCallback
from torch import Tensor

from benchmark.audit.doubtful import Doubtful
from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.run.training import build, fit, specs
from datamodules.datamodule import NoisyFewShot
from datamodules.dataset import Dataset, Labels, Split
from datamodules.features.bank import FeatureBank
from methods.clip.backbone import Backbone
from methods.core.module import classifiers
from methods.core.pack_module import PackModule
from methods.recipes import NamedRecipe, recipe_for

Step = Callable[[], None]
#: Told what comes next and how many steps it takes; returns what to call after each.
Start = Callable[[str, int], Step]


@dataclass(frozen=True)
class Setting:
    """Images with given labels, a frozen backbone and its features; `recipe` auto is each method's own."""

    data: Doubtful
    backbone: Backbone
    bank: FeatureBank
    recipe: str = "auto"

    @property
    def shots(self) -> int:
        """The number of images of the largest class, so that a draw of that many takes all images."""
        return int(np.bincount(self.data.given).max())

    def recipe_of(self, method: str) -> NamedRecipe:
        """The recipe that a method trains by."""
        return recipe_for(self.backbone.name, self.recipe, method=method)

    def alike(self, names: Iterable[str]) -> list[tuple[NamedRecipe, list[str]]]:
        """The recipes of methods `names`, each with those that train by it, in their order."""
        order = sorted(names, key=lambda name: str(self.recipe_of(name)))
        groups = groupby(order, lambda name: str(self.recipe_of(name)))
        return [(self.recipe_of(own[0]), own) for own in (list(group) for _, group in groups)]

    def epochs(self, names: Iterable[str]) -> int:
        """Epochs of training these methods."""
        return sum(recipe.epochs(self.data.name, self.shots) for recipe, _ in self.alike(names))


@dataclass(frozen=True)
class Trained:
    """By method: class weights [C, E] of each seed, and classes [R, P] of the images held out, -1 for the others."""

    weights: dict[str, list[Tensor]]
    guesses: dict[str, Labels]


def train(setting: Setting, names: Sequence[str], seeds: Sequence[int], hold_out: float, step: Step) -> Trained:
    """Trains every method once per seed on the given labels, but for the fraction `hold_out` of each class.

    `step` is called after every epoch. A method and seed trains as it would alone.

    Raises BadInput: a method whose class weights do not classify by themselves.
    """
    trained = Trained({}, {})
    for recipe, own in setting.alike(names):
        module, data = _prepared(setting, own, seeds, recipe.with_option("hold_out", hold_out))
        fit(module, data, str(setting.bank.device), LambdaCallback(on_train_epoch_end=lambda *_: step()))
        with torch.no_grad():
            weights = classifiers(module.members)
            if hold_out:
                trained.guesses.update(zip(own, _guesses(module, data, weights), strict=True))
        trained.weights.update((name, list(w.detach())) for name, w in zip(own, weights, strict=True))
    return trained


def _prepared(
    setting: Setting, names: Sequence[str], seeds: Sequence[int], recipe: NamedRecipe
) -> tuple[PackModule, NoisyFewShot]:
    data, epochs = setting.data, recipe.epochs(setting.data.name, setting.shots)
    split = Split(data.images, data.given)
    dataset = Dataset(data.name, data.classes, data.template, split, split, has_clean_labels=False)
    runs = [
        Run(setting.backbone.name, data.name, name, "none", 0.0, setting.shots, seed, str(recipe), epochs)
        for name in names
        for seed in seeds
    ]
    module = build(runs, setting.backbone, dataset)
    for name, member in zip(names, module.members, strict=True):
        if not member.is_linear:
            raise BadInput(f"{name} changes image features, so its classifier cannot be exported; leave it out")
    return module, NoisyFewShot(dataset, specs(runs), backbone=setting.bank)


def _guesses(module: PackModule, data: NoisyFewShot, weights: Sequence[Tensor]) -> list[Labels]:
    """The likeliest class [R, P] of every held-out image by each member, -1 for other images."""
    parts, found = data.noisy_val_images(), []
    for member, own in zip(module.members, weights, strict=True):
        rows = [part.rows(member.rows) for part in parts]
        said = [member.logits(member.image_features(row), own).argmax(-1) for row in rows]
        classes = torch.cat(said, 1).cpu().numpy()
        guesses = np.full((len(own), len(data.dataset.train.labels)), -1, np.int64)
        for row, held in enumerate(data.held_out[member.rows]):
            guesses[row, held.images] = classes[row, : len(held.images)]
        found.append(guesses)
    return found
