"""The detector `means`: cosines to the means of other folds."""

from __future__ import annotations

import pytest

from benchmark.audit.detectors import means
from tests.benchmark.audit.samples import clusters, total_probability


def test_an_image_s_own_label_has_no_part_in_its_probabilities() -> None:
    assert total_probability(means.label_quality) == pytest.approx(1, abs=1e-5)


def test_an_image_of_another_cluster_than_its_label_s_is_doubtful() -> None:
    sample, wrong = clusters()
    found = means.label_quality(sample)
    assert found[wrong].max() < found[~wrong].min()
