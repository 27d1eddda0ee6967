"""The detector `ridge`: a softmax of regression values of other folds."""

from __future__ import annotations

import math

import pytest
import torch

from benchmark.audit import ridge_regression
from benchmark.audit.detectors import ridge
from benchmark.audit.ridge_regression import ridge_values
from tests.benchmark.audit.samples import clusters, total_probability


def test_an_image_s_own_label_has_no_part_in_its_probabilities(monkeypatch: pytest.MonkeyPatch) -> None:
    """But through the strength, which all labels choose."""
    monkeypatch.setattr(ridge_regression, "STRENGTHS", (0.1,))
    assert total_probability(ridge.label_quality) == pytest.approx(1, abs=1e-5)


def test_features_are_centred_before_they_are_regressed_on() -> None:
    sample, _ = clusters(per_class=9, spread=0.3)
    values = ridge_values(sample.centred, sample.labels, sample.fold, sample.classes).tolist()
    slow = [
        10 * row[label] - math.log(sum(math.exp(10 * value) for value in row))
        for row, label in zip(values, sample.labels.tolist(), strict=True)
    ]
    torch.testing.assert_close(ridge.label_quality(sample), torch.tensor(slow), atol=1e-4, rtol=1e-4)
