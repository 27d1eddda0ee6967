"""The optimiser of replicas against PyTorch's, row by row, with rows that pause."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
import torch

from methods.core.optimizer import PerRunOptimizer

STEPS, SHAPE = 6, (4, 5)
#: Which of three rows take part in a step: all, every other, none.
PARTS = torch.tensor([[True, step % 2 == 0, False] for step in range(STEPS)])
CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ("sgd", torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.01}),
    ("sgd", torch.optim.SGD, {}),
    ("adam", torch.optim.Adam, {"betas": (0.9, 0.999), "eps": 1e-4, "weight_decay": 0.1}),
    ("adam", torch.optim.Adam, {"betas": (0.0, 0.5)}),
    ("adamw", torch.optim.AdamW, {"betas": (0.8, 0.99), "eps": 1e-8, "weight_decay": 0.1}),
]


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def ours(settings: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in settings.items() if name != "betas"}
    return plain | dict(zip(("beta1", "beta2"), settings.get("betas", ()), strict=False))


@pytest.mark.parametrize("by_row", [False, True], ids=["one rate", "rates by row"])
@pytest.mark.parametrize(("name", "theirs", "settings"), CASES)
def test_rows_move_as_under_torch_s_optimiser_and_pause_with_their_state(
    name: str, theirs: Any, settings: dict[str, Any], by_row: bool
) -> None:
    start, gradients = draw(3, *SHAPE), draw(STEPS, 3, *SHAPE, seed=1)
    gradients[:, :, 0] = 0  # as of a class without images
    rates = torch.tensor([0.1, 0.02, 0.3]) if by_row else None
    stack = torch.nn.Parameter(start.clone())
    optimizer = PerRunOptimizer([{"params": [stack], "lr": 0.1, "optimizer": name, **ours(settings)}])
    for gradient, active in zip(gradients, PARTS, strict=True):
        stack.grad = gradient.clone()
        optimizer.param_groups[0].update(active=active, rates=rates)
        optimizer.step()
    for row in range(3):
        alone = torch.nn.Parameter(start[row].clone())
        single = theirs([alone], lr=0.1 if rates is None else float(rates[row]), **settings)
        for gradient in gradients[PARTS[:, row]]:
            alone.grad = gradient[row].clone()
            single.step()
        torch.testing.assert_close(stack[row], alone)


def test_groups_may_differ_in_everything() -> None:
    first, second = (torch.nn.Parameter(draw(2, 3, seed=seed)) for seed in (0, 1))
    starts = [first.detach().clone(), second.detach().clone()]
    groups = [
        {"params": [first], "lr": 0.1, "weight_decay": 0.5},
        {"params": [second], "lr": 0.01, "optimizer": "adamw"},
    ]
    optimizer = PerRunOptimizer(groups)
    first.grad, second.grad = torch.zeros(2, 3), torch.ones(2, 3)
    optimizer.step()
    torch.testing.assert_close(first, starts[0] * (1 - 0.1 * 0.5))
    torch.testing.assert_close(second, starts[1] - 0.01)


def test_training_goes_on_from_a_checkpoint_with_adam_s_state() -> None:
    def made(start: torch.Tensor) -> tuple[torch.nn.Parameter, PerRunOptimizer]:
        stack = torch.nn.Parameter(start.clone())
        return stack, PerRunOptimizer([{"params": [stack], "lr": 0.1, "optimizer": "adam"}])

    gradients = draw(4, 2, 3, seed=1)
    whole, optimizer = made(draw(2, 3))
    for gradient in gradients[:2]:
        whole.grad = gradient.clone()
        optimizer.step()
    resumed, again = made(whole.detach())
    again.load_state_dict(deepcopy(optimizer.state_dict()))
    for gradient in gradients[2:]:
        for stack, own in ((whole, optimizer), (resumed, again)):
            stack.grad = gradient.clone()
            own.step()
    assert torch.equal(whole, resumed)
