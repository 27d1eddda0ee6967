"""The pool's Newton steps, against automatic differentiation and the end they go to."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.functional import log_linear_pool as module
from methods.functional.log_linear_pool import balance, expected, newton, newton_bias, pooled, pull

J, R, N, C = 3, 2, 40, 4
ALL = torch.ones(R, N, dtype=torch.bool)


def case() -> tuple[Tensor, Tensor, Tensor]:
    """Scores [R, J, N, C], which say something of targets [R, N, C], and a constant [R, N]; float64."""
    generator = torch.Generator().manual_seed(1)
    target = torch.randn(R, N, C, generator=generator).double().mul(2).softmax(-1)
    scores = target.log() * torch.tensor([0.5, 0.1, 1.0])[:, None, None, None]
    scores = scores + torch.randn(J, R, N, C, generator=generator)
    return scores.transpose(0, 1), target, 1 + 0.2 * torch.randn(R, N, generator=generator).double()


def value(scores: Tensor, target: Tensor, pool: Tensor, bias: Tensor, constant: Tensor, price: float) -> Tensor:
    log_p = pooled(scores, pool, bias[:, None] * constant[..., None], ALL).log()
    entropy = -(log_p.exp() * log_p).sum()
    return (target * log_p).sum() - price * entropy - slow_pull(pool, bias).sum()


def slow_pull(pool: Tensor, bias: Tensor) -> Tensor:
    away = pool - expected(J - 1, pool)
    apart = away[:, :-1] - away[:, :-1].mean(1, keepdim=True)
    held = module.PULL * (away[:, :-1].sum(1).square() / (J - 1) + away[:, -1].square())
    return held + module.ALIKE * apart.square().sum(1) + module.NO_BIAS / 2 * bias.square().sum(1)


def test_the_pull_is_strong_on_the_sum_of_names_and_on_images_and_weak_on_differences_between_names() -> None:
    generator = torch.Generator().manual_seed(2)
    pool, bias = torch.rand(R, J, generator=generator), torch.randn(R, C, generator=generator)
    torch.testing.assert_close(pull(pool, bias), slow_pull(pool, bias))


def test_steps_end_where_the_penalised_likelihood_has_no_slope() -> None:
    scores, target, constant = case()
    pool, bias = torch.full((R, J), 0.5).double(), torch.zeros(R, C).double()
    for _ in range(60):
        for step in ("pool", "bias"):
            p = pooled(scores, pool, bias[:, None] * constant[..., None], ALL)
            if step == "pool":
                pool = newton(scores, pool, p, target)
            else:
                bias = newton_bias(bias, constant, p, target)
    pool.requires_grad_()
    bias.requires_grad_()
    (of_pool,) = torch.autograd.grad(value(scores, target, pool, bias, constant, module.PRICE), pool)
    (of_bias,) = torch.autograd.grad(value(scores, target, pool, bias, constant, 0), bias)
    assert pool.min() > 0
    torch.testing.assert_close(of_pool, torch.zeros_like(pool), atol=1e-3, rtol=0)
    torch.testing.assert_close(of_bias, torch.zeros_like(bias), atol=1e-3, rtol=0)


def test_a_classifier_that_contradicts_the_targets_gets_no_weight() -> None:
    scores, target, _ = case()
    scores = torch.stack([scores[:, 0], scores[:, 1], -20 * target.log()], 1)
    pool = torch.full((R, J), 0.5).double()
    for _ in range(10):
        pool = newton(scores, pool, pooled(scores, pool, torch.zeros(R, N, C).double(), ALL), target)
    assert (pool[:, -1] == 0).all() and (pool[:, 0] > 0).all()


def test_without_images_weights_are_what_is_expected() -> None:
    nothing = torch.zeros(R, J, 0, C)
    pool = torch.full((R, J), 0.4)
    for _ in range(5):
        pool = newton(nothing, pool, nothing[:, 0], nothing[:, 0])
    torch.testing.assert_close(pool, torch.tensor([[0.7, 0.7, 0.5]]).expand(R, -1))


def test_a_step_is_short() -> None:
    scores, target, constant = case()
    pool, bias = torch.full((R, J), 40.0).double(), torch.full((R, C), 9.0).double()
    p = pooled(scores, pool, bias[:, None] * constant[..., None], ALL)
    assert (newton(scores, pool, p, target) - pool).abs().max() <= module.MOST_STEP
    assert (newton_bias(bias, constant, p, target) - bias).abs().max() <= module.MOST_STEP


def test_a_balance_of_one_run_is_that_of_its_row() -> None:
    generator = torch.Generator().manual_seed(3)
    scores, count = (
        torch.randn(2, 9, 4, generator=generator),
        torch.tensor([[5.0, 1.0, 2.0, 1.0], [1.0, 1.0, 1.0, 6.0]]),
    )
    constant, valid = (
        torch.rand(2, 9, generator=generator) + 0.5,
        torch.arange(9).expand(2, 9) < torch.tensor([[9], [7]]),
    )
    both = balance(scores, count, constant, valid)
    for row in range(2):
        torch.testing.assert_close(balance(scores[row], count[row], constant[row], valid[row]), both[row])
