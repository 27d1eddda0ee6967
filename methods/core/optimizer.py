"""SGD, Adam and AdamW over stacks of runs [R, ...], whose rows may pause."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.adam import adam

State = dict[str, Tensor]


class PerRunOptimizer(torch.optim.Optimizer):
    """`torch.optim.SGD`, `Adam` or `AdamW` for every row of parameters [R, ...] by itself.

    A group's `optimizer` is "sgd", "adam" or "adamw". Its `active` mask [R], if set, says which runs have a
    batch in this step: the others keep parameters, momentum and count of steps, as if the step had not been. `rates`,
    if set, stand in the place of `lr`: learning rates [R] by run, or one for all. The other settings are PyTorch's,
    with `beta1` and `beta2` for `betas`.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], **settings: Any) -> None:
        plain = {"optimizer": "sgd", "lr": 0.0, "momentum": 0.0, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
        super().__init__(groups, plain | {"weight_decay": 0.0, "active": None, "rates": None} | settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One update of every active run."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            move = _sgd if group["optimizer"] == "sgd" else _adam
            settings = group if group["rates"] is not None else {**group, "rates": group["lr"]}
            for parameter in group["params"]:
                if parameter.grad is not None:
                    moved, after = move(parameter, parameter.grad, self.state[parameter], settings)
                    self._keep(parameter, moved, after, group["active"])
        return loss

    def _keep(self, parameter: Tensor, moved: Tensor, after: State, active: Tensor | None) -> None:
        """Writes what a step came to into the active rows of a parameter and its state."""
        state = self.state[parameter]
        for name, new in after.items():
            state[name] = new if active is None else torch.where(_by_row(active, new), new, state[name])
        if moved is not parameter:
            parameter.copy_(moved if active is None else torch.where(_by_row(active, parameter), moved, parameter))


def _sgd(parameter: Tensor, gradient: Tensor, state: State, group: Mapping[str, Any]) -> tuple[Tensor, State]:
    if not state:
        state["velocity"] = torch.zeros_like(parameter)
    decayed = gradient.add(parameter, alpha=group["weight_decay"])
    velocity = decayed.add_(state["velocity"], alpha=group["momentum"])
    if isinstance(rates := group["rates"], Tensor):
        return parameter - _by_row(rates, parameter) * velocity, {"velocity": velocity}
    return parameter.sub(velocity, alpha=rates), {"velocity": velocity}


def _adam(parameter: Tensor, gradient: Tensor, state: State, group: Mapping[str, Any]) -> tuple[Tensor, State]:
    """PyTorch's, which goes once over each row; in place where every run has a batch."""
    if not state:
        state["mean"], state["square"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state["steps"] = torch.zeros(len(parameter), device=parameter.device)
    whole = group["active"] is None
    moved, after = (parameter, state) if whole else (parameter.clone(), {n: old.clone() for n, old in state.items()})
    by_row = isinstance(rates := group["rates"], Tensor)
    for row in range(len(parameter) if by_row else 1):
        rows = slice(row, row + 1) if by_row else slice(None)
        mean, square, steps = ([*after[name][rows]] for name in ("mean", "square", "steps"))
        adam(
            [*moved[rows]], [*gradient[rows]], mean, square, [], steps, fused=True, amsgrad=False, maximize=False,
            beta1=group["beta1"], beta2=group["beta2"], lr=rates[row] if by_row else rates, eps=group["eps"],
            weight_decay=group["weight_decay"], decoupled_weight_decay=group["optimizer"] == "adamw",
        )  # fmt: skip
    return moved, after


def _by_row(values: Tensor, like: Tensor) -> Tensor:
    return values.view(-1, *[1] * (like.ndim - 1))
