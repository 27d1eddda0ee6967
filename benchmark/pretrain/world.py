"""The procedural world as a stream of training pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.pretrain.recipe import Recipe
from datamodules.synthetic.draw import Facts, draw
from datamodules.synthetic.figures import Bank
from datamodules.synthetic.paint import paint
from datamodules.synthetic.scene import Scenes


@dataclass(frozen=True)
class World:
    """Random scenes, ever harder; `rng` draws them and everything about their pictures and captions."""

    recipe: Recipe
    rng: np.random.Generator
    bank: Bank
    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, config: dict[str, Any], recipe: Recipe) -> World:
        """The world of a recipe's seed, whose pictures are normalised as an open_clip config says."""
        rng = np.random.default_rng(recipe.seed)
        mean, std = (torch.tensor(config["preprocess_cfg"][key])[:, None, None] for key in ("mean", "std"))
        return cls(recipe, rng, Bank.build(rng, recipe.hands), mean, std)

    def draw(self, step: int) -> tuple[Scenes, list[Facts]]:
        """The scenes of a step and their facts."""
        difficulty = min(1.0, step / (self.recipe.ramp * self.recipe.steps))
        return draw(self.rng, self.recipe.batch, difficulty, self.bank, self.recipe.odds)

    def paint(self, scenes: Scenes) -> Tensor:
        """Normalised pictures [B, 3, 32, 32]."""
        pictures = (paint(scenes, self.bank.figures, self.rng) - self.mean) / self.std
        return pictures.contiguous(memory_format=torch.channels_last)
