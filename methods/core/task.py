"""What a method is told, and the prompts that it wants to have encoded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from methods.clip.backbone import Backbone
from methods.clip.loading import load_backbone
from methods.clip.prompt_layout import PromptLayout
from methods.clip.recipe import Recipe


@dataclass(frozen=True)
class Task:
    """What a method is told about the runs it trains, one seed per replica: never a true label.

    `load` finds further backbones by their names, for methods that ask others than their own.
    """

    backbone: Backbone
    classes: Sequence[str]
    template: str
    seeds: Sequence[int]
    epochs: int
    recipe: Recipe
    load: Callable[[str], Backbone] = load_backbone

    def generator(self, replica: int, purpose: str) -> torch.Generator:
        """A generator that depends on the replica's seed and the purpose, and on nothing else."""
        digest = hashlib.sha256(f"{self.seeds[replica]}/{purpose}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))


@dataclass(frozen=True)
class Prompt:
    """Contexts [R, N, D], or class-specific [R, C, N, D], that wait to be encoded; equal kinds can share a pass."""

    backbone: Backbone
    layout: PromptLayout
    ctx: Tensor
    kind: tuple[Any, ...]

    def encode(self, ctx: Tensor) -> Tensor:
        """The text features [R, C, E] of contexts of this kind."""
        return self.backbone.encode_prompts(ctx, self.layout)
