"""DeFT's two prompts: logits without gradient of the positive one, and a loss that is cut at 1e-5."""

from __future__ import annotations

import math

import pytest
import torch

from methods.functional.dual_prompts import LARGEST, clean_logits, dual_loss


def test_the_positive_prompt_gets_no_gradient_and_the_negative_one_that_of_its_logits() -> None:
    positive, negative = (torch.tensor([[1.0, 2.0]], requires_grad=True) for _ in range(2))
    found = clean_logits(positive, negative * 3)
    assert found.tolist() == [[-2.0, -4.0]]
    found.sum().backward()
    assert positive.grad is None and negative.grad is not None and negative.grad.tolist() == [[-3.0, -3.0]]


def test_the_loss_is_that_of_two_probabilities() -> None:
    clean = torch.randn(2, 5, 4, generator=torch.Generator().manual_seed(0))
    labels, others = torch.arange(10).reshape(2, 5) % 4, (torch.arange(10).reshape(2, 5) + 1) % 4
    found = dual_loss(clean, labels, others)
    for run in range(2):
        for image in range(5):
            p = clean[run, image].double().sigmoid().tolist()
            expected = -math.log(p[int(labels[run, image])]) - math.log(1 - p[int(others[run, image])])
            assert float(found[run, image]) == pytest.approx(expected, rel=1e-5)


def test_each_part_is_cut_at_a_probability_of_a_hundred_thousandth() -> None:
    assert pytest.approx(-math.log(1e-5)) == LARGEST
    found = dual_loss(torch.tensor([[-50.0, -50.0], [50.0, 50.0]]), torch.tensor([0, 0]), torch.tensor([1, 1]))
    assert found.tolist() == pytest.approx([LARGEST, LARGEST])
    both = dual_loss(torch.tensor([[-50.0, 50.0]]), torch.tensor([0]), torch.tensor([1]))
    assert float(both) == pytest.approx(2 * LARGEST)


def test_loss_and_gradient_have_the_figures_of_the_released_code() -> None:
    positive, negative = torch.tensor([[2.0, math.log(0.7 / 0.3)]]), torch.zeros(1, 2, requires_grad=True)
    loss = dual_loss(clean_logits(positive, negative), torch.tensor([0]), torch.tensor([1])).sum()
    assert loss.item() == pytest.approx(1.3309, abs=1e-4)
    loss.backward()
    assert negative.grad is not None
    torch.testing.assert_close(negative.grad, torch.tensor([[0.1192, -0.7]]), atol=1e-4, rtol=0)
