"""The settings of a training run, all of them options of a recipe. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, cos, pi
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt


@dataclass(frozen=True)
class Recipe:
    """How a run is trained: optimiser, learning rate, batches, one augmented view per epoch.

    `crop` has the least and the largest share of the area that a random crop keeps, None for images as in the
    evaluation. `batch` is "all" for steps on all images of a run; `drop_last` leaves out an epoch's last, partial
    batch, as CoOp's loader does. The optimiser "sgd" uses `momentum`; "adam" (1412.6980, with L2 decay) and "adamw"
    (1711.05101, with decoupled decay) use `beta1`, `beta2` and `eps`; all are PyTorch's.

    The learning rate changes `per` "epoch" or "step", and `warmup` counts these. It comes before the `schedule`: at
    the rate `warmup_lr` ("constant"), or rising from it to `lr` ("linear"). The schedule "cosine" falls from `lr` to
    `least_lr`; "coop" is that of CoOp's released code, a cosine as long as the whole training, which is cut off by the
    warm-up and ends above. The defaults are CoOp's (2109.01134) at 16 shots. The share `hold_out` of a run's labelled
    images, 0 to 1, is not trained on but kept for noisy validation. Under `ssl` and `trzsl` a run knows the labels of
    the share `labelled` of its labelled images only, int(n labelled) at random, and does not see the others; `draw`,
    from 0 on, is the seed of that choice, and of the images labelled under `ssl`, for all runs (-1: each run's own).
    `template` names the classes for the teacher of KgCoOp and ProGrad (empty: as the data set does).
    `self_training` says whether FPL, IFPL and GRIP do what their paper says, or what the code does (`SelfTraining`);
    `unit_weights` divides the weights of their two losses by the sum.
    """

    epochs: Annotated[int, Ge(1)] = 200
    lr: Annotated[float, Gt(0)] = 0.002
    n_ctx: Annotated[int, Ge(1)] = 16
    batch: Annotated[int, Ge(1)] | Literal["all"] = 32
    drop_last: bool = True
    optimizer: Literal["sgd", "adam", "adamw"] = "sgd"
    momentum: Annotated[float, Ge(0), Le(1)] = 0.9
    beta1: Annotated[float, Ge(0), Lt(1)] = 0.9
    beta2: Annotated[float, Ge(0), Lt(1)] = 0.999
    eps: Annotated[float, Gt(0)] = 1e-8
    weight_decay: Annotated[float, Ge(0)] = 5e-4
    per: Literal["epoch", "step"] = "epoch"
    warmup: Annotated[int, Ge(0)] = 1
    warmup_kind: Literal["constant", "linear"] = "constant"
    warmup_lr: Annotated[float, Ge(0)] = 1e-5
    schedule: Literal["coop", "cosine", "constant"] = "coop"
    least_lr: Annotated[float, Ge(0)] = 0.0
    crop: tuple[Annotated[float, Gt(0), Le(1)], Annotated[float, Gt(0), Le(1)]] | None = (0.08, 1.0)
    flip: bool = True
    hold_out: Annotated[float, Ge(0), Lt(1)] = 0.0
    labelled: Annotated[float, Gt(0), Le(1)] = 1.0
    draw: Annotated[int, Ge(-1)] = -1
    template: str = ""
    self_training: Literal["paper", "released"] = "paper"
    unit_weights: bool = False

    def lr_at(self, epoch: int, epochs: int, step: int = 0, steps: int = 1) -> float:
        """The learning rate in `step` of an epoch's `steps`, in `epoch` of `epochs` of one round of training."""
        done, total = (epoch * steps + step, epochs * steps) if self.per == "step" else (epoch, epochs)
        if done < self.warmup:
            part = done / self.warmup if self.warmup_kind == "linear" else 0.0
            return self.warmup_lr + (self.lr - self.warmup_lr) * part
        if self.schedule == "constant":
            return self.lr
        length = total if self.schedule == "coop" else total - self.warmup
        return self.least_lr + (self.lr - self.least_lr) * (1 + cos(pi * (done - self.warmup) / length)) / 2

    def batch_of(self, images: int) -> int:
        """The size of the batches of so many images."""
        return max(1, images) if self.batch == "all" else self.batch

    def steps(self, images: int) -> int:
        """Steps of an epoch of so many images, a partial batch among them."""
        return ceil(images / self.batch_of(images))

    @property
    def of_optimizer(self) -> dict[str, object]:
        """The optimiser's name and settings, without learning rate and weight decay."""
        return {name: getattr(self, name) for name in ("optimizer", "momentum", "beta1", "beta2", "eps")}

    @property
    def images(self) -> tuple[object, ...]:
        """What runs that train on the same batches agree in."""
        return self.batch, self.drop_last, self.crop, self.flip, *self.given

    @property
    def given(self) -> tuple[float, float, int]:
        """What says which of its labelled images a run is given."""
        return self.hold_out, self.labelled, self.draw
