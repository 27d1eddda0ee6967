"""Measures of a ranking against a count over all pairs, and the fraction against cleanlab's."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.audit.ranking_quality import confident_fraction, quality
from tests.benchmark.audit.samples import clusters


@pytest.mark.parametrize("spread", [0.12, 0.4, 0.8])
def test_the_fraction_by_confident_learning_is_cleanlabs(spread: float) -> None:
    count = pytest.importorskip("cleanlab.count")
    from benchmark.audit.detectors.logistic import probabilities

    sample, _ = clusters(spread=spread)
    labels, found = sample.labels.numpy(), probabilities(sample).numpy().astype(np.float64)
    joint = count.compute_confident_joint(labels, found, calibrate=False)  # it would round what it calibrates
    joint = joint / joint.sum(1, keepdims=True) * np.bincount(labels)[:, None] / len(labels)
    assert confident_fraction(found, labels) == pytest.approx(1 - joint.trace(), abs=1e-9)


def test_quality_equals_a_count_over_all_pairs() -> None:
    generator = np.random.default_rng(0)
    score, wrong = generator.permutation(30) / 30, generator.random(30) < 0.4
    pairs = [score[i] > score[j] for i in np.flatnonzero(wrong) for j in np.flatnonzero(~wrong)]
    order = sorted(range(30), key=lambda i: -score[i])
    hits = [wrong[i] for i in order]
    precisions = [sum(hits[: k + 1]) / (k + 1) for k in range(30) if hits[k]]
    found = quality(-score, wrong)
    assert found.auroc == pytest.approx(100 * np.mean(pairs))
    assert found.ap == pytest.approx(100 * np.mean(precisions))
    assert found.precision == pytest.approx(100 * np.mean(hits[: int(wrong.sum())]))
    assert np.isnan(quality(score, np.zeros(30, bool)).auroc)
