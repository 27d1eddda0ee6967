"""Brings a module, the data module and the Trainer together before anything runs, or says what does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import lightning
import torch

from datamodules.datamodule import NoisyFewShot
from datamodules.features.crops import Crop
from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.clip.recipe import recipe_for
from methods.core.learner import Learner, data_of
from methods.core.task import Task
from methods.errors import MethodError


def connect(members: Sequence[Learner], trainer: lightning.Trainer, stage: str) -> None:
    """Builds methods that have no task yet, checks those that have, and puts backbone and data on the Trainer's device.

    Raises:
        MethodError: seeds or epochs that disagree.
    """
    data, device, epochs = data_of(trainer), trainer.strategy.root_device, trainer.max_epochs
    runs = 0
    for member in members:
        if member.derived:
            member.prepare(_task(member, data, epochs, device), derived=True)
        runs += len(member.task.seeds)
        _check(member, data, epochs if stage == "fit" else None)
        vars(member).pop("train_classes", None)
    if runs != len(data.runs):
        raise MethodError(f"the methods have {runs} runs, and the data module has {len(data.runs)}")
    task = members[0].task
    backbone, recipe = task.backbone, task.recipe
    backbone.move_to(device)
    if data.zero_shot is None:
        zero_shot = members[0].zero_shot
        data.zero_shot = lambda: (backbone.scale * zero_shot()).cpu().numpy()
    data.connect(backbone, device, task.epochs, Crop(recipe.crop, flip=recipe.flip), recipe.batch)
    if stage == "fit":
        data.encode()


def _task(member: Learner, data: NoisyFewShot, epochs: int | None, device: torch.device) -> Task:
    """The task of a method that trains alone: data from the data module, epochs from the Trainer."""
    if not epochs or epochs < 1:
        raise MethodError("the Trainer needs max_epochs, since the learning rate follows a schedule over all epochs")
    if epochs % member.rounds:
        raise MethodError(
            f"{member.name} trains {member.rounds} rounds of equal length: max_epochs={epochs} should be a multiple"
        )
    backbone = data.backbone
    if isinstance(backbone, str):
        backbone = load_backbone(backbone, device)
    if not isinstance(backbone, Backbone):
        raise MethodError(f"{member.name} needs a backbone's text tower; the data module has {type(backbone).__name__}")
    seeds = [run.seed for run in data.runs]
    task = Task(backbone, data.dataset.classes, data.dataset.template, seeds, epochs, recipe_for(backbone.name))
    return replace(task, epochs=epochs // member.rounds)


def _check(member: Learner, data: NoisyFewShot, epochs: int | None) -> None:
    """Compares a method's task with the data module and, where they are known, the Trainer's epochs."""
    task, seeds = member.task, [run.seed for run in data.runs[member.rows]]
    if list(task.seeds) != seeds:
        raise MethodError(f"{member.name} was built for seeds {list(task.seeds)}, and the data module has {seeds}")
    if tuple(task.classes) != tuple(data.dataset.classes):
        raise MethodError(f"{member.name} was built for other classes than those of {data.dataset.name}")
    if epochs is not None and epochs != member.total_epochs:
        raise MethodError(
            f"{member.name} was built for {member.total_epochs} epochs, and the Trainer has max_epochs={epochs}"
        )
