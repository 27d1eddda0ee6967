"""How every method of a grid is trained, so that only the methods differ. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi


@dataclass(frozen=True)
class Recipe:
    """Training settings that methods share; SGD with momentum, a cosine schedule, one augmented view per epoch.

    `lr` is the learning rate of prompts and `head_lr` that of linear heads; `crop` holds the least and largest share
    of the area that a random crop keeps.
    """

    epochs: int
    n_ctx: int
    lr: float
    head_lr: float
    crop: tuple[float, float]
    flip: bool
    batch: int = 32
    momentum: float = 0.9
    weight_decay: float = 5e-4
    warmup_lr: float = 1e-5

    def lr_at(self, epoch: int, epochs: int, lr: float) -> float:
        """The learning rate in `epoch` of `epochs`: constant in the first, then a cosine, as in CoOp (2109.01134).

        The cosine keeps the released scheduler's count: it starts from `lr` in the second epoch and ends above zero.
        """
        return self.warmup_lr if epoch == 0 else lr * (1 + cos(pi * (epoch - 1) / epochs)) / 2


#: CoOp's own recipe, for real backbones (2109.01134): 200 epochs at 16 shots.
COOP = Recipe(epochs=200, n_ctx=16, lr=0.002, head_lr=0.002, crop=(0.08, 1.0), flip=True)

#: For the CLIP that ships with the project, chosen on validation data.
EMBEDDED = Recipe(epochs=10, n_ctx=4, lr=0.005, head_lr=0.005, crop=(0.6, 1.0), flip=False)


def is_embedded(backbone: str) -> bool:
    """Whether a backbone is one of the small ones that ship with the project."""
    return backbone == "embedded" or backbone.startswith("embedded-")


def recipe_for(backbone: str) -> Recipe:
    """The recipe that belongs to a backbone."""
    return EMBEDDED if is_embedded(backbone) else COOP
