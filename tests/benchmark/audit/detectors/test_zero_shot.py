"""The detector `zero_shot`: a softmax of scaled cosines to the class names."""

from __future__ import annotations

import math

import pytest

from benchmark.audit.detectors import zero_shot
from tests.benchmark.audit.samples import FIVE, total_probability


def test_its_quality_is_the_probability_of_the_given_label() -> None:
    for i, label in enumerate(FIVE.labels.tolist()):
        powers = [math.exp(100 * float(FIVE.features[i] @ text)) for text in FIVE.text]
        assert float(zero_shot.probabilities(FIVE)[i, label]) == pytest.approx(powers[label] / sum(powers), abs=1e-6)


def test_no_label_has_a_part_in_it() -> None:
    assert total_probability(lambda one: one.of_given(zero_shot.probabilities(one)).log()) == pytest.approx(1, abs=1e-5)
