"""The two rivals' parts: a pack of the suite without its data, and random pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from benchmark.speed.class_names import class_names
from datamodules.batches import Batch
from methods import coop
from methods.clip.backbone import Backbone
from methods.core.task import Task
from methods.recipes import recipe

SHORT = {"ViT-B-32/random": "ViT-B/32", "ViT-B-16/random": "ViT-B/16"}
COOP = recipe("coop").at()
BATCH = COOP.batch_of(0)


@dataclass
class PackStep:
    """A pack of `runs` CoOp runs, and one training step of it on given features."""

    method: coop.Method
    batch: Batch

    @classmethod
    def of(cls, backbone: Backbone, classes: int, runs: int) -> PackStep:
        """A pack with random features of one batch."""
        names = class_names(classes)
        task = Task(backbone, names, "a photo of a {}.", list(range(runs)), 200, COOP)
        generator = torch.Generator().manual_seed(0)
        width = task.backbone.encode_text(["a"]).shape[-1]
        features = torch.nn.functional.normalize(torch.randn(runs, BATCH, width, generator=generator), dim=-1)
        labels = torch.randint(classes, (runs, BATCH), generator=generator)
        yes = torch.ones(runs, BATCH, dtype=torch.bool)
        features, labels, yes = (part.to(backbone.device) for part in (features, labels, yes))
        return cls(coop.Method(task), Batch(features, labels, yes, yes[:, 0], labels, _no_pixels))

    def __post_init__(self) -> None:
        self.method.train_classes = None  # there is no data module to ask; all classes are told apart
        self.optimizer = self.method.configure_optimizers()[0][0]

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names."""
        return tuple(self.method.task.classes)

    def text_pass(self) -> None:
        """The prompts forward and backward, nothing else."""
        self.method.class_weights().sum().backward()

    def step(self, features: Tensor | None = None) -> None:
        """One update; `features` [B, E] replace those of all runs."""
        batch = self.batch
        if features is not None:
            batch = replace(batch, features=features.expand(len(batch.features), -1, -1))
        self.optimizer.zero_grad()
        self.method.total_loss(batch, self.method.class_weights()).sum().backward()
        self.optimizer.step()


def _no_pixels(rows: slice) -> tuple[Tensor, Tensor]:
    raise NotImplementedError("random features have no pixels")


def pictures(backbone: Backbone, count: int = BATCH) -> Tensor:
    """Random pixels [count, 3, S, S]."""
    size = backbone.preprocess.size
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(1)).to(backbone.device)
