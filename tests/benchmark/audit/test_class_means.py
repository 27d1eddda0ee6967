"""Means of the other folds, and their softmax, against plain loops."""

from __future__ import annotations

import numpy as np
import torch

from benchmark.audit.class_means import class_means, fair_means, out_of_fold
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
    found = out_of_fold(sample.features, means, sample.fold)
    for i in range(0, len(found), 7):
        logits = np.array([30 * float(sample.features[i] @ means[sample.fold[i], c]) for c in range(CLASSES)])
        slow = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(found[i].exp(), slow, atol=1e-5)


def test_fair_means_take_an_images_own_part_from_its_label_in_the_mean_and_leave_other_labels_alone() -> None:
    sample, _ = clusters(per_class=6, spread=0.4)
    x, y = sample.features.numpy().astype(float), sample.labels.numpy().copy()
    y[3] = -1
    found = fair_means(sample.features, torch.from_numpy(y), CLASSES).numpy()
    plain, without = np.zeros(found.shape), np.zeros(len(x))
    for i in range(len(x)):
        for c in range(CLASSES):
            total = np.sum([x[j] for j in range(len(x)) if y[j] == c], 0)
            plain[i, c] = 30 * x[i] @ total / np.linalg.norm(total)
    own = np.flatnonzero(y >= 0)
    for i in own:
        rest = np.sum([x[j] for j in own if y[j] == y[i] and j != i], 0)
        without[i] = 30 * x[i] @ rest / np.linalg.norm(rest)
    added = np.mean([plain[i, y[i]] - without[i] for i in own])
    plain[own, y[own]] -= added
    np.testing.assert_allclose(found, plain, atol=1e-4)
    assert added > 5
