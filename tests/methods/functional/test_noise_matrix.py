"""The noise matrix against slow loops and closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.special import betaln, gammaln
from torch import Tensor

from methods.functional.noise_matrix import (
    Prior,
    even,
    expected_counts,
    likeliest_prior,
    rows_of,
    true_given,
)


def random_counts(classes: int = 4, seed: int = 1) -> Tensor:
    return 10 * torch.rand(classes, classes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_expected_counts_equal_a_loop_over_images_for_one_run_and_for_many() -> None:
    generator = torch.Generator().manual_seed(1)
    true, labels = torch.rand(2, 9, 3, generator=generator), torch.randint(3, (2, 9), generator=generator)
    found = expected_counts(true, labels)
    slow = np.zeros((2, 3, 3))
    for run in range(2):
        for image in range(9):
            for z in range(3):
                slow[run, z, labels[run, image]] += float(true[run, image, z])
    np.testing.assert_allclose(found, slow, rtol=1e-5)
    torch.testing.assert_close(found[1], expected_counts(true[1], labels[1]))


def test_rows_of_counts_and_of_even_noise_sum_to_1() -> None:
    torch.testing.assert_close(rows_of(random_counts()).sum(1), torch.ones(4).double())
    matrices = even(torch.tensor([0.9, 0.4]), 5)
    torch.testing.assert_close(matrices.sum(-1), torch.ones(2, 5))
    torch.testing.assert_close(matrices.diagonal(dim1=1, dim2=2), torch.tensor([[0.9] * 5, [0.4] * 5]))


def test_the_matrix_of_a_prior_is_the_mean_of_beta_and_dirichlet() -> None:
    counts, prior = random_counts(), Prior(0.1, alike=16.0, spread=8.0)
    found = prior.matrix(counts)
    for z in range(4):
        wrong = float(counts[z].sum() - counts[z, z])
        e = (wrong + 1.6) / (float(counts[z].sum()) + 16)
        assert float(found[z, z]) == pytest.approx(1 - e)
        for y in range(4):
            if y != z:
                assert float(found[z, y]) == pytest.approx(e * (float(counts[z, y]) + 8 / 3) / (wrong + 8))


def test_the_evidence_is_the_product_of_beta_binomials_and_dirichlet_multinomials() -> None:
    counts, prior = random_counts(), Prior(0.1, alike=16.0, spread=8.0)
    total = 0.0
    for z, row in enumerate(counts.tolist()):
        off = [value for y, value in enumerate(row) if y != z]
        total += betaln(1.6 + sum(off), 14.4 + row[z]) - betaln(1.6, 14.4)
        total += gammaln(8) - gammaln(8 + sum(off)) + sum(gammaln(8 / 3 + value) - gammaln(8 / 3) for value in off)
    assert prior.log_evidence(counts) == pytest.approx(total)


def test_the_evidence_of_one_label_after_another_is_the_probability_of_the_sequence() -> None:
    """Each label has the probability that the matrix after those before it gives."""
    prior, counts, total = Prior(0.2, 4.0, 2.0), torch.zeros(3, 3).double(), 0.0
    for z, y in [(0, 0), (0, 1), (1, 1), (0, 1), (2, 0), (2, 1), (0, 0)]:
        total += math.log(float(prior.matrix(counts)[z, y]))
        counts[z, y] += 1
    assert prior.log_evidence(counts) == pytest.approx(total)


def test_even_noise_is_told_by_one_number_and_sharp_confusions_by_few_cells() -> None:
    symmetric = 80 * torch.eye(8).double() + 20 / 7 * (1 - torch.eye(8).double())
    pairs = 80 * torch.eye(8).double() + 20 * torch.eye(8).double().roll(1, 1)
    half = pairs.clone()
    half[1::2] = 100 * torch.eye(8).double()[1::2]
    found = [likeliest_prior(counts, 0.2) for counts in (symmetric, pairs, half)]
    assert found[0].spread > 8 * found[1].spread
    assert found[0].alike > found[2].alike


def test_two_classes_have_one_place_for_wrong_labels() -> None:
    found = likeliest_prior(torch.tensor([[8.0, 2.0], [1.0, 9.0]]), 0.2)
    torch.testing.assert_close(found.matrix(torch.zeros(2, 2)), torch.tensor([[0.8, 0.2], [0.2, 0.8]]).double())


def test_true_classes_follow_bayes_rule_and_images_without_a_label_their_logits() -> None:
    generator = torch.Generator().manual_seed(2)
    logits, matrix = torch.randn(6, 3, generator=generator), rows_of(torch.rand(3, 3, generator=generator))
    labels = torch.tensor([0, 1, 2, 1, 0, -1])
    found = true_given(logits, labels, matrix)
    for image in range(5):
        joint = [math.exp(logits[image, z]) * float(matrix[z, labels[image]]) for z in range(3)]
        np.testing.assert_allclose(found[image], np.array(joint) / sum(joint), rtol=1e-5)
    torch.testing.assert_close(found[5], logits[5].softmax(0))
