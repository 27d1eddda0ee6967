"""SGD whose parameters are stacks of replicas, each of which may pause."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class ReplicaSGD(torch.optim.Optimizer):
    """SGD with momentum and weight decay over parameters [R, ...]; equals `torch.optim.SGD` row by row.

    A group's `active` mask [R], if set, says which replicas have a batch in this step: the others keep parameters and
    momentum, as if the step had not been.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], momentum: float, weight_decay: float) -> None:
        super().__init__(groups, {"lr": 0.0, "momentum": momentum, "weight_decay": weight_decay, "active": None})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every active replica."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter: Tensor, group: dict[str, Any]) -> None:
        gradient = parameter.grad
        assert gradient is not None
        velocity = self.state[parameter].setdefault("velocity", torch.zeros_like(parameter))
        moved = gradient.add(parameter, alpha=group["weight_decay"]).add_(velocity, alpha=group["momentum"])
        active: Tensor | None = group["active"]
        if active is None:
            velocity.copy_(moved)
            parameter.sub_(moved, alpha=group["lr"])
            return
        mask = active.view(-1, *[1] * (parameter.ndim - 1))
        velocity.copy_(torch.where(mask, moved, velocity))
        parameter.copy_(torch.where(mask, parameter - group["lr"] * moved, parameter))

    def reset(self, parameter: Tensor) -> None:
        """Forgets the momentum of a parameter that starts afresh."""
        self.state.pop(parameter, None)
