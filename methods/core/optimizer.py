"""SGD, Adam and AdamW over stacks of runs [R, ...], whose rows may pause."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import log
from typing import Any

import torch
from torch import Tensor

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
            for parameter in group["params"]:
                if parameter.grad is not None:
                    moved, after = move(parameter, parameter.grad, self.state[parameter], group)
                    self._keep(parameter, moved, after, group["active"])
        return loss

    def _keep(self, parameter: Tensor, moved: Tensor, after: State, active: Tensor | None) -> None:
        """Writes what a step came to into the active rows of a parameter and its state."""
        state = self.state[parameter]
        for name, new in after.items():
            state[name] = new if active is None else torch.where(_by_row(active, new), new, state[name])
        parameter.copy_(moved if active is None else torch.where(_by_row(active, parameter), moved, parameter))


def _sgd(parameter: Tensor, gradient: Tensor, state: State, group: Mapping[str, Any]) -> tuple[Tensor, State]:
    if not state:
        state["velocity"] = torch.zeros_like(parameter)
    decayed = gradient.add(parameter, alpha=group["weight_decay"])
    velocity = decayed.add_(state["velocity"], alpha=group["momentum"])
    rate = _rate(parameter, group)
    moved = parameter - rate * velocity if isinstance(rate, Tensor) else parameter.sub(velocity, alpha=rate)
    return moved, {"velocity": velocity}


def _adam(parameter: Tensor, gradient: Tensor, state: State, group: Mapping[str, Any]) -> tuple[Tensor, State]:
    if not state:
        state["mean"], state["square"] = torch.zeros_like(parameter), torch.zeros_like(parameter)
        state["steps"] = torch.zeros(len(parameter), device=parameter.device)
    rate, decay = _rate(parameter, group), group["weight_decay"]
    start = parameter
    if group["optimizer"] == "adamw":
        start = parameter * (1 - rate * decay)
    else:
        gradient = gradient.add(parameter, alpha=decay) if decay else gradient
    steps = state["steps"] + 1
    mean = state["mean"].lerp(gradient, 1 - group["beta1"])
    square = (state["square"] * group["beta2"]).addcmul_(gradient, gradient, value=1 - group["beta2"])
    unbiased, spread = (_by_row(_one_minus_power(group[name], steps), parameter) for name in ("beta1", "beta2"))
    moved = start.addcdiv(rate / unbiased * mean, square.sqrt().div_(spread.sqrt()).add_(group["eps"]), value=-1)
    return moved, {"mean": mean, "square": square, "steps": steps}


def _one_minus_power(base: float, exponents: Tensor) -> Tensor:
    """1 - base^n, exact for a base near 1."""
    return -torch.expm1(exponents * log(base)) if base else torch.ones_like(exponents)


def _rate(parameter: Tensor, group: Mapping[str, Any]) -> Any:
    """The learning rate: a number, or one for each row [R, 1, ...]."""
    rates = group["lr"] if group["rates"] is None else group["rates"]
    return _by_row(rates, parameter) if isinstance(rates, Tensor) else rates


def _by_row(values: Tensor, like: Tensor) -> Tensor:
    return values.view(-1, *[1] * (like.ndim - 1))
