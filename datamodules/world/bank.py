"""The bank of figures that scenes of the procedural world refer to by number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.world.glyphs import DIGITS, handwritten, printed
from datamodules.world.scene import Floats
from datamodules.world.shapes import SHAPES, distances


@dataclass(frozen=True)
class Bank:
    """Signed distances [M, S, S] of all figures: shapes, then printed digits, then handwritten ones."""

    figures: Tensor
    fonts: int
    hands: int

    @classmethod
    def build(cls, rng: np.random.Generator, hands: int) -> Bank:
        """Draw every figure once."""
        type_, pen = printed(), handwritten(rng, hands)
        figures = torch.cat((distances(tuple(SHAPES)).float(), type_.flatten(0, 1), pen.flatten(0, 1)))
        return cls(figures, type_.shape[1], hands)

    def digit(self, digits: NDArray[np.int64], by_hand: NDArray[np.bool_], chance: Floats) -> NDArray[np.int64]:
        """Numbers of figures that show the digits [B], one of the fonts or hands for a chance in [0, 1)."""
        first = len(SHAPES)
        typed = first + digits * self.fonts + (chance * self.fonts).astype(np.int64)
        penned = first + len(DIGITS) * self.fonts + digits * self.hands + (chance * self.hands).astype(np.int64)
        return np.where(by_hand, penned, typed)
