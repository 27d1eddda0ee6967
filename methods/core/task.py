"""What a method needs to know to be built."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.recipes import Recipe


@dataclass(frozen=True)
class Task:
    """Backbone, class names, prompt template and recipe of the runs that a method trains, one seed per run.

    `epochs` are those of one round of training; they stand in the place of the recipe's. `load` finds further backbones
    by their names.
    """

    backbone: Backbone
    classes: Sequence[str]
    template: str
    seeds: Sequence[int]
    epochs: int
    recipe: Recipe
    load: Callable[[str], Backbone] = load_backbone

    def generator(self, run: int, purpose: str) -> torch.Generator:
        """A generator that depends on the run's seed and the purpose, and on nothing else."""
        digest = hashlib.sha256(f"{self.seeds[run]}/{purpose}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))

    def normal(self, purpose: str, *shape: int) -> Tensor:
        """Numbers [R, *shape] on the host, from a standard normal, each run's by its seed and the purpose."""
        return torch.stack([torch.randn(shape, generator=self.generator(r, purpose)) for r in range(len(self.seeds))])

    def uniform(self, purpose: str, *shape: int) -> Tensor:
        """Numbers [R, *shape] on the host, uniform from -1 to 1, each run's by its seed and the purpose."""
        draws = [torch.rand(shape, generator=self.generator(r, purpose)) for r in range(len(self.seeds))]
        return 2 * torch.stack(draws) - 1
