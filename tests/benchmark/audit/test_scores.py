"""Fast scores against slow ones that share no code with them, and what makes them out-of-fold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmark.audit.class_means import class_means, mean_probabilities, out_of_fold
from benchmark.audit.neighbours import neighbours, votes
from benchmark.audit.out_of_fold_discriminant import discriminants, likeliest
from benchmark.audit.ridge_regression import STRENGTHS, ridge_values
from benchmark.audit.robust_heads import head_weights
from benchmark.audit.sample import FOLDS, Sample, stratified
from tests.benchmark.audit.samples import CLASSES, clusters


def test_folds_are_of_equal_size_in_every_class() -> None:
    labels = np.array([0] * 10 + [1] * 15 + [2] * 5)
    fold = stratified(labels, FOLDS, seed=4)
    for label, count in ((0, 2), (1, 3), (2, 1)):
        assert np.bincount(fold[labels == label], minlength=FOLDS).tolist() == [count] * FOLDS
    assert (fold != stratified(labels, FOLDS, seed=5)).any()


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


def test_the_shrinkage_is_the_one_that_makes_given_labels_likeliest() -> None:
    labels = torch.tensor([0, 1])
    good, bad = torch.tensor([[2.0, 0.0], [0.0, 2.0]]), torch.tensor([[0.0, 2.0], [2.0, 0.0]])
    assert likeliest(torch.stack([bad, good]), labels) == 1


def test_neighbours_are_those_of_a_full_table_whatever_the_size_of_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = clusters(per_class=9)[0].features
    monkeypatch.setattr("benchmark.audit.neighbours.CHUNK", 100)
    cosines, indices = neighbours(x, k=3)
    for i in range(len(x)):
        others = sorted((j for j in range(len(x)) if j != i), key=lambda j: -float(x[i] @ x[j]))
        assert indices[i].tolist() == others[:3]
        np.testing.assert_allclose(cosines[i], [float(x[i] @ x[j]) for j in others[:3]], atol=1e-6)


def test_among_many_images_nearly_all_nearest_neighbours_are_found_with_their_exact_cosines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Above MANY images, candidates come from a few principal components."""
    monkeypatch.setattr("benchmark.audit.neighbours.MANY", 100)
    monkeypatch.setattr("benchmark.audit.neighbours.CHUNK", 2**16)
    monkeypatch.setattr("benchmark.audit.neighbours.COMPONENTS", 12)
    sample, _ = clusters(per_class=30, spread=0.1, classes=40)
    x = sample.features.numpy().astype(np.float64)
    cosines, indices = neighbours(sample.features, k=25)
    table, found = x @ x.T, 0
    np.fill_diagonal(table, -np.inf)
    for row in range(len(x)):
        own = indices[row].tolist()
        np.testing.assert_allclose(cosines[row], table[row, own], atol=1e-6)
        found += len(set(own) & set(np.argsort(-table[row])[:25].tolist()))
    assert 0.95 * 25 * len(x) < found < 25 * len(x)


def test_votes_are_weighted_shares() -> None:
    sample, _ = clusters(per_class=6)
    cosines, indices = neighbours(sample.features, k=4)
    found = votes(cosines, indices, sample.labels, CLASSES)
    for i in range(len(found)):
        slow = np.zeros(CLASSES)
        for cosine, j in zip(cosines[i].tolist(), indices[i].tolist(), strict=True):
            slow[int(sample.labels[j])] += max(cosine, 1e-6)
        np.testing.assert_allclose(found[i], slow / slow.sum(), atol=1e-6)


def _log_probabilities(name: str, sample: Sample, fold: torch.Tensor) -> torch.Tensor:
    x, labels = sample.features, sample.labels
    if name == "means":
        return mean_probabilities(x, labels, fold, CLASSES)
    if name == "head":
        return out_of_fold(x, head_weights(x, labels, fold, sample.text.expand(FOLDS, -1, -1), 1), fold)
    return discriminants(x, F.one_hot(labels, CLASSES).float(), fold, (0.1,))[0]


@pytest.mark.parametrize("name", ["means", "head", "discriminant"])
def test_an_image_s_own_label_has_no_part_in_its_probabilities(name: str) -> None:
    sample, _ = clusters(per_class=9)
    changed = sample.labels.clone()
    changed[5] = (changed[5] + 1) % CLASSES
    before = _log_probabilities(name, sample, sample.fold)
    after = _log_probabilities(name, replace(sample, labels=changed), sample.fold)
    torch.testing.assert_close(before[5], after[5])
    assert not torch.allclose(before, after)
