"""The figures of the procedural world, as signed distances; scenes refer to them by index."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.synthetic.glyphs import DIGITS, handwritten, printed
from datamodules.synthetic.scene import Floats
from datamodules.synthetic.shapes import SHAPES, distances


@dataclass(frozen=True)
class Bank:
    """Signed distances [M, S, S] of all figures: shapes, then digits in `fonts` fonts, then in `hands` handwritings."""

    figures: Tensor
    fonts: int
    hands: int

    @classmethod
    def build(cls, rng: np.random.Generator, hands: int) -> Bank:
        """Renders all figures, with `hands` random handwritings of each digit."""
        type_, pen = printed(), handwritten(rng, hands)
        figures = torch.cat((distances(tuple(SHAPES)).float(), type_.flatten(0, 1), pen.flatten(0, 1)))
        return cls(figures, type_.shape[1], hands)

    def digit(self, digits: NDArray[np.int64], by_hand: NDArray[np.bool_], chance: Floats) -> NDArray[np.int64]:
        """Indices [B] of figures of digits [B], in a font or handwriting selected by `chance` [B] in [0, 1)."""
        first = len(SHAPES)
        typed = first + digits * self.fonts + (chance * self.fonts).astype(np.int64)
        penned = first + len(DIGITS) * self.fonts + digits * self.hands + (chance * self.hands).astype(np.int64)
        return np.where(by_hand, penned, typed)
