"""The Lightning shell around replicas: training, evaluation and measurement of one or several methods' runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from methods.core.diagnostics import LabelOracle, Step, step_statistics, summary
from methods.core.evaluation import EvaluatedModule, class_weights
from methods.core.optim import ReplicaSGD

if TYPE_CHECKING:
    from methods.core.data import Batch


class ReplicaModule(EvaluatedModule):
    """Trains the replicas of its members side by side; each is exactly the run that would have trained alone.

    `curves` holds the losses, and what `diagnostics.summary` says, of every epoch.
    """

    def __init__(self) -> None:
        super().__init__()
        self._losses: list[Tensor] = []
        self._steps: list[Step] = []

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor | None:
        """The sum over replicas of each one's loss, so that no gradient crosses from one to another."""
        learners = [member for member in self.members if member.trainable]
        losses = [
            member.total_loss(batch.rows(member.rows), weights)
            for member, weights in zip(learners, class_weights(learners), strict=True)
        ]
        groups: Any = self.optimizers()
        for member, group in zip(learners, groups.param_groups, strict=True):
            group["active"] = batch.active[member.rows]
        row = torch.full((self.replicas,), torch.nan, device=self.device)
        for member, loss in zip(learners, losses, strict=True):
            row[member.rows] = torch.where(batch.active[member.rows], loss.detach(), torch.nan)
        self._losses.append(row)
        self._batch = batch
        return torch.cat(losses).sum()

    def on_after_backward(self) -> None:
        """Lets the diagnostics see the step."""
        self._steps.append(step_statistics(self.members, self._batch))

    def configure_optimizers(self) -> Any:
        """SGD with one parameter group per method, each on its own schedule."""
        learners = [member for member in self.members if member.trainable]
        if not learners:
            return None
        recipe = learners[0].task.recipe
        groups = [{"params": list(member.parameters()), "lr": 1.0} for member in learners]
        optimizer = ReplicaSGD(groups, recipe.momentum, recipe.weight_decay)
        return [optimizer], [LambdaLR(optimizer, [member.lr for member in learners])]

    def on_train_epoch_end(self) -> None:
        """Keeps the epoch's curves [R]: mean loss, NaN where nothing was trained, and diagnostics."""
        data: LabelOracle = self.trainer.datamodule  # type: ignore[attr-defined]
        self.curves["loss"].append(torch.stack(self._losses).nanmean(0).cpu())
        for name, values in summary(self._steps, data).items():
            self.curves[name].append(values.cpu())
        self._losses.clear()
        self._steps.clear()

    def diverged(self) -> Tensor:
        """Whether any parameter of a replica is not finite [R]."""
        flags = []
        for member in self.members:
            flag = torch.zeros(len(member.task.seeds), dtype=torch.bool)
            for parameter in member.parameters():
                flag |= ~parameter.detach().isfinite().flatten(1).all(1).cpu()
            flags.append(flag)
        return torch.cat(flags)
