"""Stacks of runs against one run at a time."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from methods.core.per_run import PerRun, clip_norm_per_row, scaled_products


@pytest.mark.parametrize("rows", [1, 3])
def test_products_are_those_of_a_loop_whether_the_runs_share_their_features_or_not(rows: int) -> None:
    generator = torch.Generator().manual_seed(0)
    features, weights = (torch.randn(n, 5, 4, generator=generator) for n in (rows, 3))
    slow = torch.stack([7 * features[min(r, rows - 1)] @ weights[r].T for r in range(3)])
    torch.testing.assert_close(scaled_products(7.0, features, weights), slow)


def test_every_row_is_clipped_by_its_own_norm_as_torch_clips_it_alone() -> None:
    generator = torch.Generator().manual_seed(0)
    parameters = [torch.zeros(3, *shape, requires_grad=True) for shape in ((2,), (4, 2))]
    for parameter in parameters:
        parameter.grad = torch.randn(parameter.shape, generator=generator) * torch.tensor([0.01, 1, 9]).view(
            -1, *[1] * (parameter.ndim - 1)
        )
    expected = []
    for r in range(3):
        alone = [nn.Parameter(torch.zeros_like(parameter[r])) for parameter in parameters]
        for one, parameter in zip(alone, parameters, strict=True):
            assert parameter.grad is not None
            one.grad = parameter.grad[r].clone()
        nn.utils.clip_grad_norm_(alone, 0.5)
        expected.append([one.grad for one in alone])
    clip_norm_per_row([*parameters, torch.zeros(3, requires_grad=True)], 0.5)
    for r in range(3):
        for one, parameter in zip(expected[r], parameters, strict=True):
            assert parameter.grad is not None and one is not None
            torch.testing.assert_close(parameter.grad[r], one)


class Two(nn.Module):
    """Two outputs of two inputs, with a buffer."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.part = nn.Sequential(nn.Linear(3, 2))
        self.register_buffer("shift", torch.tensor(2.0))

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.part(x) + self.shift, self.part(y)


def test_copies_give_what_each_gives_alone_and_learn_by_themselves() -> None:
    with torch.random.fork_rng(devices=[]):
        copies = [Two(seed) for seed in range(3)]
        x, y = torch.randn(2, 3, 5, 3)
    stacked = PerRun(copies)
    found = stacked(x, y)
    for part, index in zip(found, (0, 1), strict=True):
        for r, copy in enumerate(copies):
            torch.testing.assert_close(part[r], copy(x[r], y[r])[index])
    found[0][1].sum().backward()
    learned = dict(stacked.named_parameters())
    assert {name: tuple(value.shape) for name, value in learned.items()} == {
        "part/0/weight": (3, 2, 3),
        "part/0/bias": (3, 2),
    }
    for value in learned.values():
        assert value.grad is not None and value.grad[1].abs().min() > 0 and value.grad[[0, 2]].abs().max() == 0
