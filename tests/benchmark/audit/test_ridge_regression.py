"""Ridge regression against the normal equations of the other folds."""

from __future__ import annotations

import numpy as np
import torch

from benchmark.audit.ridge_regression import STRENGTHS, ridge_values
from benchmark.audit.sample import FOLDS
from tests.benchmark.audit.samples import CLASSES, clusters


def test_ridge_values_solve_the_normal_equations_of_the_other_folds() -> None:
    sample, _ = clusters(per_class=9, spread=0.4)
    x = np.concatenate([sample.features.numpy(), np.ones((len(sample.labels), 1))], 1).astype(np.float64)
    fold, labels = sample.fold.numpy(), sample.labels.numpy()
    unit = np.diag(x.T @ x)[:-1].mean()
    best, most = np.empty(0), -1
    for strength in STRENGTHS:
        values = np.empty((len(x), CLASSES))
        for f in range(FOLDS):
            train = x[fold != f]
            system = train.T @ train + strength * unit * np.eye(x.shape[1])
            values[fold == f] = x[fold == f] @ np.linalg.solve(system, train.T @ np.eye(CLASSES)[labels[fold != f]])
        if (values.argmax(1) == labels).sum() > most:
            best, most = values, (values.argmax(1) == labels).sum()
    found = ridge_values(sample.features, sample.labels, sample.fold, CLASSES)
    np.testing.assert_allclose(found, best, atol=1e-4)


def test_equal_images_get_the_shares_of_the_classes() -> None:
    labels, fold = torch.tensor([0, 0, 1] * 3), torch.arange(3).repeat_interleave(3)
    found = ridge_values(torch.zeros(9, 4), labels, fold, classes=2)
    torch.testing.assert_close(found, torch.tensor([[2 / 3, 1 / 3]]).expand(9, 2))
