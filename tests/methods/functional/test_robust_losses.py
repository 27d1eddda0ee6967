"""The robust losses beyond GCE, MAE and DSPT: against slow loops, in closed form, and on extreme logits."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from methods.functional import losses


def softmax(row: list[float]) -> list[float]:
    powers = [math.exp(value - max(row)) for value in row]
    return [power / sum(powers) for power in powers]


def reverse(p: list[float], y: int) -> float:
    return -sum(p[k] * math.log(1.0 if k == y else 1e-4) for k in range(len(p)))


def huberised(p: list[float], y: int) -> float:
    return -math.log(p[y]) if p[y] > 0.1 else -10 * p[y] + math.log(10) + 1


def smoothed(p: list[float], y: int) -> float:
    targets = [0.9 if k == y else 0.1 / (len(p) - 1) for k in range(len(p))]
    return -sum(target * math.log(share) for target, share in zip(targets, p, strict=True))


SLOW: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], Callable[[list[float], int], float]]] = {
    "reverse CE": (losses.reverse_cross_entropy, reverse),
    "NCE": (losses.normalized_cross_entropy, lambda p, y: math.log(p[y]) / sum(math.log(share) for share in p)),
    "PHuber-CE": (lambda z, y: losses.partially_huberised(z, y, 10.0), huberised),
    "label smoothing": (lambda z, y: losses.smoothed_cross_entropy(z, y, 0.1), smoothed),
}


def batch(scale: float = 5.0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    return scale * torch.randn(2, 4, 7, generator=generator), torch.randint(0, 7, (2, 4), generator=generator)


@pytest.mark.parametrize("name", SLOW)
def test_a_loss_equals_its_formula_read_slowly(name: str) -> None:
    fast, slow = SLOW[name]
    logits, labels = batch()
    found = fast(logits, labels)
    for r in range(2):
        for b in range(4):
            assert found[r, b] == pytest.approx(slow(softmax(logits[r, b].tolist()), int(labels[r, b])), rel=1e-4)


@pytest.mark.parametrize("name", SLOW)
def test_a_loss_and_its_gradient_stay_finite_on_extreme_logits(name: str) -> None:
    logits, labels = batch(scale=500.0)
    logits.requires_grad_()
    loss = SLOW[name][0](logits, labels)
    loss.sum().backward()
    assert loss.isfinite().all() and logits.grad is not None and logits.grad.isfinite().all()


def test_losses_that_are_called_symmetric_sum_to_a_constant_over_all_labels() -> None:
    logits, _ = batch()
    for loss in (losses.normalized_cross_entropy, losses.reverse_cross_entropy, losses.mean_absolute_error):
        total = torch.stack([loss(logits, torch.full((2, 4), label)) for label in range(7)]).sum(0)
        torch.testing.assert_close(total, total[0, 0].expand_as(total))


def test_phuber_is_smooth_where_its_two_parts_meet_and_flat_in_the_logits_of_hopeless_images() -> None:
    meeting = torch.tensor([math.log(0.1), math.log(0.9)])
    steps = torch.stack([meeting + torch.tensor([shift, 0.0]) for shift in (-1e-3, 0.0, 1e-3)])
    left, middle, right = losses.partially_huberised(steps, torch.zeros(3, dtype=torch.long), 10.0).tolist()
    assert right - middle == pytest.approx(middle - left, rel=0.01)
    hopeless = torch.tensor([-30.0, 0.0], requires_grad=True)
    losses.partially_huberised(hopeless, torch.tensor(0), 10.0).backward()
    assert hopeless.grad is not None and hopeless.grad.abs().max() < 1e-10
