"""Neighbours and their votes against full tables."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.audit.neighbours import neighbours, votes
from tests.benchmark.audit.samples import CLASSES, clusters


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
