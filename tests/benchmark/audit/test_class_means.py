"""Means of the other folds, and their softmax, against plain loops."""

from __future__ import annotations

import numpy as np

from benchmark.audit.class_means import class_means, mean_probabilities
from benchmark.audit.sample import FOLDS
from tests.benchmark.audit.samples import CLASSES, clusters


def test_class_means_are_those_of_the_images_of_other_folds() -> None:
    sample, _ = clusters(per_class=9)
    x, y, fold = (value.numpy() for value in (sample.features, sample.labels, sample.fold))
    found = class_means(sample.features, sample.labels, sample.fold, CLASSES)
    for f in range(FOLDS):
        for c in range(CLASSES):
            total = sum(x[i] for i in range(len(x)) if fold[i] != f and y[i] == c)
            np.testing.assert_allclose(found[f, c], total / np.linalg.norm(total), atol=1e-6)


def test_probabilities_by_class_means_are_a_softmax_of_scaled_cosines() -> None:
    sample, _ = clusters(per_class=9)
    means = class_means(sample.features, sample.labels, sample.fold, CLASSES)
    found = mean_probabilities(sample.features, sample.labels, sample.fold, CLASSES)
    for i in range(0, len(found), 7):
        logits = np.array([30 * float(sample.features[i] @ means[sample.fold[i], c]) for c in range(CLASSES)])
        slow = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(found[i].exp(), slow, atol=1e-5)
