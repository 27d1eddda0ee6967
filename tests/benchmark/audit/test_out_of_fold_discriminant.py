"""Discriminants of soft labels against a plain loop, and what shrinkage is chosen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmark.audit.out_of_fold_discriminant import discriminants, likeliest
from benchmark.audit.sample import FOLDS
from tests.benchmark.audit.samples import CLASSES, clusters


@pytest.mark.parametrize("shrinkage", [0.01, 1.0, 100.0])
def test_discriminants_are_those_of_a_shrunken_covariance_of_soft_labels(shrinkage: float) -> None:
    sample, _ = clusters(per_class=9, spread=0.4)
    x, fold = sample.features.double().numpy(), sample.fold.numpy()
    shares = np.random.default_rng(1).dirichlet(np.ones(CLASSES), len(x))
    found = discriminants(sample.features, torch.from_numpy(shares).float(), sample.fold, (shrinkage,))[0]
    for f in range(FOLDS):
        train, own = x[fold != f], shares[fold != f].astype(np.float32).astype(np.float64)
        means = [sum(own[i, c] * train[i] for i in range(len(train))) / own[:, c].sum() for c in range(CLASSES)]
        within = np.zeros((x.shape[1], x.shape[1]))
        for i in range(len(train)):
            for c in range(CLASSES):
                within += own[i, c] * np.outer(train[i] - means[c], train[i] - means[c])
        within /= own.sum()
        scale = np.trace(within) / len(within)
        inverse = np.linalg.inv((within + shrinkage * scale * np.eye(len(within))) / (1 + shrinkage))
        for i in np.flatnonzero(fold == f)[:3]:
            slow = [-0.5 * (x[i] - m) @ inverse @ (x[i] - m) + 0.5 * x[i] @ inverse @ x[i] for m in means]
            np.testing.assert_allclose(found[i], slow, rtol=1e-3, atol=1e-3)


def test_a_class_without_images_in_other_folds_is_never_likelier_than_another() -> None:
    sample, _ = clusters(per_class=9)
    shares = F.one_hot(sample.labels, CLASSES).float()
    shares[:, 2] = 0
    values = discriminants(sample.features, shares, sample.fold, (0.1,))[0]
    assert (values[:, 2] <= values.min(1).values).all()


def test_images_whose_given_labels_all_have_weight_0_leave_finite_values() -> None:
    sample, _ = clusters(per_class=2)
    shares = torch.zeros(len(sample.labels), CLASSES)
    assert discriminants(sample.features, shares, sample.fold, (0.1, 1.0)).eq(0).all()


def test_the_shrinkage_is_the_one_that_makes_given_labels_likeliest() -> None:
    labels = torch.tensor([0, 1])
    good, bad = torch.tensor([[2.0, 0.0], [0.0, 2.0]]), torch.tensor([[0.0, 2.0], [2.0, 0.0]])
    assert likeliest(torch.stack([bad, good]), labels) == 1
