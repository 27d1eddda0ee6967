"""Folds of equal size in every class."""

from __future__ import annotations

import numpy as np

from benchmark.audit.sample import FOLDS, stratified


def test_folds_are_of_equal_size_in_every_class() -> None:
    labels = np.array([0] * 10 + [1] * 15 + [2] * 5)
    fold = stratified(labels, FOLDS, seed=4)
    for label, count in ((0, 2), (1, 3), (2, 1)):
        assert np.bincount(fold[labels == label], minlength=FOLDS).tolist() == [count] * FOLDS
    assert (fold != stratified(labels, FOLDS, seed=5)).any()
