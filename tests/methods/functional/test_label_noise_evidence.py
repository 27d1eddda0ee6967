"""How labels go wrong, against slow loops and cases with a known answer."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from methods.functional.label_noise_evidence import EXCHANGED, MASSES, exchanged, likelihoods
from methods.functional.noise_matrix import ALIKE, SPREAD, even, log_evidence

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


def slow_log_evidence(counts: Tensor) -> float:
    """The log-probability of labels with whole counts [C, C], image by image under each concentration."""
    rate = (float(counts.sum() - counts.trace()) + 0.5) / (float(counts.sum()) + 1)

    def dirichlet(cells: list[float], own: list[float]) -> float:
        seen, total = [0.0] * len(cells), 0.0
        for cell, count in enumerate(cells):
            for _ in range(round(count)):
                total += math.log((own[cell] + seen[cell]) / (sum(own) + sum(seen)))
                seen[cell] += 1
        return total

    off = [[float(counts[k, y]) for y in range(C) if y != k] for k in range(C)]
    rates = [
        sum(dirichlet([sum(off[k]), float(counts[k, k])], [a * rate, a * (1 - rate)]) for k in range(C)) for a in ALIKE
    ]
    return max(rates) + max(sum(dirichlet(row, [s / (C - 1)] * (C - 1)) for row in off) for s in SPREAD)


def labels_of(counts: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Sure probabilities [N, C] by names and labels [N] with these counts, of name by label."""
    pairs = [(name, label) for name, row in enumerate(counts) for label, count in enumerate(row) for _ in range(count)]
    names, labels = torch.tensor(pairs).T
    return torch.eye(C)[names], labels


def test_evidence_is_the_probability_of_labels_one_after_another_under_the_likeliest_concentrations() -> None:
    counts = torch.tensor([[5, 1, 0, 0], [0, 7, 0, 2], [3, 0, 2, 0], [0, 0, 0, 4]])
    assert float(log_evidence(counts)) == pytest.approx(slow_log_evidence(counts))
    both = log_evidence(torch.stack([counts, counts.T]))
    torch.testing.assert_close(both, torch.stack([log_evidence(counts), log_evidence(counts.T)]))


@pytest.mark.parametrize(("right", "swapped"), [(8, 8), (16, 16), (12, 9), (8, 2)])
def test_names_are_exchanged_where_that_makes_labels_more_probable_by_as_many_nats_as_it_costs(
    right: int, swapped: int
) -> None:
    wrong = 16 - right
    counts = [[0, swapped, 0, 16 - swapped], [swapped, 0, 16 - swapped, 0], [0, wrong, right, 0], [wrong, 0, 0, right]]
    moved = torch.tensor(counts)[[1, 0, 2, 3]]
    gain = slow_log_evidence(moved) - slow_log_evidence(torch.tensor(counts)) - 2 * math.log(C)
    expected = [1, 0, 2, 3] if gain > EXCHANGED else [0, 1, 2, 3]
    assert exchanged(*labels_of(counts)).tolist() == expected
    assert (gain > EXCHANGED) == (swapped > 8)


def test_no_name_is_given_to_two_classes() -> None:
    counts = [[2, 0, 0, 0], [0, 0, 0, 2], [2, 0, 0, 2], [0, 0, 0, 0]]
    assert exchanged(*labels_of(counts)).tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("shots", [4, 16])
def test_names_are_believed_where_most_labels_of_every_class_are_the_next_one_s(shots: int) -> None:
    classes, generator = 19, torch.Generator().manual_seed(shots)
    true = torch.arange(classes).repeat_interleave(shots)
    own = torch.arange(classes)
    for _ in range(20):
        wrong = torch.randperm(len(true), generator=generator)[: 3 * len(true) // 4]
        labels = true.clone()
        labels[wrong] = (true[wrong] + 1) % classes
        assert torch.equal(exchanged(torch.eye(classes)[true], labels), own)
    third = torch.cat([own[:6].roll(1), own[6:]])
    assert torch.equal(exchanged(torch.eye(classes)[true], third[true]), third.argsort())


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
