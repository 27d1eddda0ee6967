"""The settings of a training run, all of them options of a recipe. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt


@dataclass(frozen=True)
class Recipe:
    """How a run is trained: SGD with momentum, a learning rate per epoch, one augmented view per epoch.

    `crop` has the least and the largest share of the area that a random crop keeps, None for images as in the
    evaluation. `warmup` epochs come before the `schedule`: at the rate `warmup_lr` ("constant"), or rising from it to
    `lr` ("linear"). The schedule "cosine" falls from `lr` to zero; "coop" is that of CoOp's released code, a cosine as
    long as the whole training, which is cut off by the warm-up and ends above zero. The defaults are CoOp's
    (2109.01134) at 16 shots. The share `hold_out` of a run's labelled images, 0 to 1, is not trained on but kept for
    noisy validation.
    """

    epochs: Annotated[int, Ge(1)] = 200
    lr: Annotated[float, Gt(0)] = 0.002
    n_ctx: Annotated[int, Ge(1)] = 16
    batch: Annotated[int, Ge(1)] = 32
    momentum: Annotated[float, Ge(0), Le(1)] = 0.9
    weight_decay: Annotated[float, Ge(0)] = 5e-4
    warmup: Annotated[int, Ge(0)] = 1
    warmup_kind: Literal["constant", "linear"] = "constant"
    warmup_lr: Annotated[float, Ge(0)] = 1e-5
    schedule: Literal["coop", "cosine", "constant"] = "coop"
    crop: tuple[Annotated[float, Gt(0), Le(1)], Annotated[float, Gt(0), Le(1)]] | None = (0.08, 1.0)
    flip: bool = True
    hold_out: Annotated[float, Ge(0), Lt(1)] = 0.0

    def lr_at(self, epoch: int, epochs: int) -> float:
        """The learning rate in `epoch` of `epochs`, both counted without the earlier rounds of self-training."""
        if epoch < self.warmup:
            part = epoch / self.warmup if self.warmup_kind == "linear" else 0.0
            return self.warmup_lr + (self.lr - self.warmup_lr) * part
        if self.schedule == "constant":
            return self.lr
        length = epochs if self.schedule == "coop" else epochs - self.warmup
        return self.lr * (1 + cos(pi * (epoch - self.warmup) / length)) / 2

    @property
    def images(self) -> tuple[object, ...]:
        """What runs that train on the same batches agree in."""
        return self.batch, self.crop, self.flip, self.hold_out
