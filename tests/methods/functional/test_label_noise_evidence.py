"""How labels go wrong, against slow loops and cases with a known answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from methods.functional.label_noise_evidence import MASSES, contradicted, likelihoods
from methods.functional.noise_matrix import even

R, N, C = 2, 30, 4


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """Float64, so that loops and tensors agree to many digits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def slow_likelihoods(labels: list[int], true: Tensor, right: float, mass: float) -> Tensor:
    """T[k, y_i] [N, C], each image's own count left out, with loops."""
    found = torch.zeros(len(labels), C)
    prior = even(torch.tensor(right), C)
    for i, label in enumerate(labels):
        for k in range(C):
            others = [j for j in range(len(labels)) if j != i]
            same = sum(float(true[j, k]) for j in others if labels[j] == label)
            found[i, k] = (same + mass * float(prior[k, label])) / (sum(float(true[j, k]) for j in others) + mass)
    return found


def test_an_image_s_own_label_is_left_out_of_how_labels_go_wrong_and_the_likeliest_mass_is_taken() -> None:
    generator = torch.Generator().manual_seed(5)
    labels = torch.randint(0, C, (R, N), generator=generator)
    true = torch.randn(R, N, C, generator=generator).mul(3).softmax(-1)
    true[0] = 0.9 * one_hot(labels[0], C) + 0.1 * true[0]
    p, right = torch.randn(R, N, C, generator=generator).softmax(-1), torch.tensor([0.8, 0.4])
    found = likelihoods(labels, true, p, right)
    for r in range(R):
        tried = [slow_likelihoods(labels[r].tolist(), true[r], float(right[r]), mass) for mass in MASSES]
        best = max(tried, key=lambda one: float((p[r] * one).sum(-1).log().sum()))
        torch.testing.assert_close(found[r], best)


@pytest.mark.parametrize(("own", "other", "gone"), [(0, 7, True), (0, 6, False), (1, 11, True), (1, 10, False)])
def test_a_name_is_contradicted_by_one_other_label_and_not_by_many_that_are_wrong_at_random(
    own: int, other: int, gone: bool
) -> None:
    labels = torch.tensor([[0] * own + [1] * other + [0] * other + [1, 2, 3]])
    true = one_hot(torch.tensor([[0] * (own + other) + [1] * other + [1, 2, 3]]), C).double()
    spread_out = torch.tensor([[0] * own + [1, 2, 3] * 4 + [0] * 12 + [1, 2, 3]])
    many = one_hot(torch.tensor([[0] * (own + 12) + [1, 2, 3] * 5]), C).double()
    assert contradicted(true, labels).tolist() == [gone]
    assert contradicted(many, spread_out).tolist() == [False]


def test_a_class_that_lost_its_labels_by_chance_is_not_contradicted_while_nobody_else_has_them() -> None:
    true = one_hot(torch.tensor([[0] * 12 + [1] * 12]), C).double()
    assert contradicted(true, torch.tensor([[1] * 24])).tolist() == [False]
    assert contradicted(true, torch.tensor([[1] * 12 + [0] * 12])).tolist() == [True]


def test_several_starts_are_judged_each_by_itself_and_padding_has_no_part() -> None:
    generator = torch.Generator().manual_seed(6)
    labels = torch.randint(0, C, (R, 1, N), generator=generator)
    true, p = torch.randn(2, R, 3, N, C, generator=generator).softmax(-1)
    right = torch.rand(R, 3, generator=generator)
    both = likelihoods(labels.expand(-1, 3, -1), true, p, right)
    padded = [torch.cat([each, torch.zeros(R, 3, 5, C)], 2) for each in (true, p)]
    more = likelihoods(torch.cat([labels, labels[..., :5]], 2).expand(-1, 3, -1), *padded, right)
    torch.testing.assert_close(more[:, :, :N], both)
    for start in range(3):
        alone = likelihoods(labels[:, 0], true[:, start], p[:, start], right[:, start])
        torch.testing.assert_close(both[:, start], alone)
