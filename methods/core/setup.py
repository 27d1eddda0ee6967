"""Brings a module, the data module and the Trainer together before anything runs, or says what does not fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import lightning
import torch

from datamodules.datamodule import NoisyFewShot
from datamodules.epoch_plan import Sampling
from datamodules.features.crops import Crop
from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.core.task import Task
from methods.errors import MethodError
from methods.recipes import Recipe, recipe_for

if TYPE_CHECKING:
    from methods.core.base import BaseMethod


def connect(members: Sequence[BaseMethod], trainer: lightning.Trainer, stage: str) -> None:
    """Builds methods that have no task yet, checks those that have, and puts backbone and data on the Trainer's device.

    Raises MethodError: seeds or epochs that disagree.
    """
    data, device, epochs = data_of(trainer), trainer.strategy.root_device, trainer.max_epochs
    for member in members:
        fresh = not member.built
        if fresh:
            member.prepare(_task(member, data, epochs, _backbone(member, data, device)), derived=True)
        _check(member, data)
        if stage == "fit" and member.derived and not fresh:
            member.prepare(_task(member, data, epochs, member.task.backbone), derived=True)
        if stage == "fit" and epochs != member.total_epochs:
            raise MethodError(
                f"{member.name} was built for {member.total_epochs} epochs, and the Trainer has max_epochs={epochs}"
            )
        vars(member).pop("train_classes", None)
    runs = sum(len(member.task.seeds) for member in members)
    if runs != len(data.runs):
        raise MethodError(f"the methods have {runs} runs, and the data module has {len(data.runs)}")
    task = members[0].task
    backbone, own = task.backbone, task.recipe
    backbone.move_to(device)
    if data.zero_shot is None:
        zero_shot = members[0].zero_shot
        data.zero_shot = lambda: (backbone.scale * zero_shot()).cpu().numpy()
    crop = Crop(own.crop, flip=own.flip)
    data.connect(backbone, device, Sampling(task.epochs, crop, own.batch, own.drop_last))
    if stage == "fit" and any(member.trainable for member in members):
        data.encode()
    for member in members if stage == "fit" else ():
        member.start_training()


def _task(member: BaseMethod, data: NoisyFewShot, epochs: int | None, backbone: Backbone) -> Task:
    """The task of a method that trains alone: data from the data module, epochs from the Trainer."""
    if not epochs or epochs < 1:
        raise MethodError("the Trainer needs max_epochs, since the learning rate follows a schedule over all epochs")
    if epochs % member.rounds:
        raise MethodError(
            f"{member.name} trains {member.rounds} rounds of equal length: max_epochs={epochs} should be a multiple"
        )
    seeds, dataset = [run.seed for run in data.runs], data.dataset
    named = recipe_for(backbone.name, member.recipe or "auto", method=member.name)
    own = named.at(member.name, dataset.name, data.runs[0].shots)
    return Task(backbone, dataset.classes, dataset.template, seeds, epochs // member.rounds, own)


def _backbone(member: BaseMethod, data: NoisyFewShot, device: torch.device) -> Backbone:
    if isinstance(data.backbone, str):
        return load_backbone(data.backbone, device)
    if not isinstance(data.backbone, Backbone):
        raise MethodError(f"{member.name} needs a text tower, which the data module's {data.backbone!r} does not have")
    return data.backbone


def _check(member: BaseMethod, data: NoisyFewShot) -> None:
    task, seeds = member.task, [run.seed for run in data.runs[member.rows]]
    name = data.backbone if isinstance(data.backbone, str) else getattr(data.backbone, "name", task.backbone.name)
    for what, ours, theirs in (
        ("seeds", list(task.seeds), seeds),
        ("classes", tuple(task.classes), tuple(data.dataset.classes)),
        ("backbone", task.backbone.name, name),
    ):
        if ours != theirs:
            raise MethodError(f"{member.name} was built for {what} {ours}, and the data module has {theirs}")


def about(task: Task) -> dict[str, Any]:
    """What a checkpoint keeps of a task."""
    backbone = {"backbone": task.backbone.name, "precision": task.backbone.precision}
    return {name: list(getattr(task, name)) for name in ("classes", "seeds")} | backbone | {
        "template": task.template, "epochs": task.epochs, "recipe": asdict(task.recipe)
    }  # fmt: skip


def task_of(kept: Mapping[str, Any]) -> Task:
    """The task of a checkpoint that is loaded without a data module; its backbone is loaded by name.

    Raises BackboneError: it cannot be loaded.
    """
    backbone = load_backbone(kept["backbone"], precision=kept["precision"])
    own = Recipe(**kept["recipe"])
    return Task(backbone, kept["classes"], kept["template"], kept["seeds"], kept["epochs"], own)


def data_of(trainer: lightning.Trainer) -> NoisyFewShot:
    """The data module that a Trainer was given. Raises MethodError: it was given something else."""
    data = getattr(trainer, "datamodule", None)
    if not isinstance(data, NoisyFewShot):
        raise MethodError("methods train on datamodules.NoisyFewShot: call trainer.fit(method, datamodule=data)")
    return data
