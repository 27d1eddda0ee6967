"""Losses against slow loops, closed forms and finite differences."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from methods.functional import losses


def softmax(row: list[float]) -> list[float]:
    top = max(row)
    powers = [math.exp(value - top) for value in row]
    return [power / sum(powers) for power in powers]


def gce(row: list[float], label: int, q: float) -> float:
    return (1 - math.pow(softmax(row)[label], q)) / q


SLOW: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[list[float], int], float]]] = {
    "cross-entropy": (losses.cross_entropy, lambda row, y: -math.log(softmax(row)[y])),
    "mae": (losses.mean_absolute_error, lambda row, y: sum(abs(p - (i == y)) for i, p in enumerate(softmax(row))) / 2),
    "gce 0.5": (lambda z, y: losses.generalized_cross_entropy(z, y, 0.5), lambda row, y: gce(row, y, 0.5)),
    "gce 0.7": (lambda z, y: losses.generalized_cross_entropy(z, y, 0.7), lambda row, y: gce(row, y, 0.7)),
    "dspt": (losses.double_softmax, lambda row, y: -math.log(softmax(softmax(row))[y])),
}


def batch(scale: float = 6.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return scale * torch.randn(3, 8, 5, generator=generator), torch.randint(0, 5, (3, 8), generator=generator)


@pytest.mark.parametrize("name", SLOW)
def test_a_loss_equals_its_plain_loop(name: str) -> None:
    fast, slow = SLOW[name]
    logits, labels = batch()
    expected = [
        [slow(row, y) for row, y in zip(rows, ys, strict=True)]
        for rows, ys in zip(logits.tolist(), labels.tolist(), strict=True)
    ]
    torch.testing.assert_close(fast(logits, labels), torch.tensor(expected), atol=1e-5, rtol=1e-5)


def test_gce_goes_from_cross_entropy_to_mae() -> None:
    logits, labels = batch(2.0)
    near_zero = losses.generalized_cross_entropy(logits.double(), labels, 1e-6)
    torch.testing.assert_close(near_zero, losses.cross_entropy(logits, labels), atol=1e-4, rtol=1e-4)
    one = losses.generalized_cross_entropy(logits, labels, 1.0)
    torch.testing.assert_close(one, losses.mean_absolute_error(logits, labels))


def test_the_gradient_of_dspt_is_mae_s_and_a_small_rest() -> None:
    """dL/dz_k = p_k (p_y - 1{k = y}) + p_k (q_k - E_p[q]) with q = softmax(p), by central differences in float64."""
    generator = torch.Generator().manual_seed(1)
    logits, label = 3 * torch.randn(6, generator=generator, dtype=torch.float64), 2

    def loss(z: list[float]) -> float:
        return -math.log(softmax(softmax(z))[label])

    p = torch.tensor(softmax(logits.tolist()), dtype=torch.float64)
    q = torch.tensor(softmax(p.tolist()), dtype=torch.float64)
    one_hot = torch.nn.functional.one_hot(torch.tensor(label), 6)
    formula = p * (p[label] - one_hot) + p * (q - (p * q).sum())
    step = 1e-5
    for k in range(6):
        up, down = logits.clone(), logits.clone()
        up[k] += step
        down[k] -= step
        difference = (loss(up.tolist()) - loss(down.tolist())) / (2 * step)
        assert difference == pytest.approx(formula[k].item(), abs=1e-8)
    z = logits.float()[None, None].requires_grad_()
    losses.double_softmax(z, torch.tensor([[label]])).sum().backward()
    assert z.grad is not None
    torch.testing.assert_close(z.grad[0, 0], formula.float(), atol=1e-6, rtol=1e-4)
    rest = p * (q - (p * q).sum())
    assert rest.abs().max() <= math.e / (math.e + 5)


def test_dspt_lies_between_its_bounds() -> None:
    logits, labels = batch(50.0)
    values, top = losses.double_softmax(logits, labels), math.log(math.e + 4)
    assert top - 1 - 1e-6 <= values.min() <= values.max() <= top + 1e-6


@pytest.mark.parametrize("name", SLOW)
def test_a_loss_stays_finite_on_extreme_logits_in_half_precision(name: str) -> None:
    logits = torch.tensor([[[60.0, -60.0, 0.0]]], dtype=torch.float16).requires_grad_()
    value = SLOW[name][0](logits, torch.tensor([[1]]))
    value.sum().backward()
    assert value.dtype == torch.float32
    assert value.isfinite().all() and logits.grad is not None and logits.grad.isfinite().all()
