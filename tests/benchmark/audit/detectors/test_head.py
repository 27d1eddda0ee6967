"""The detector `head`: linear heads that start at the class names and see the labels of other folds."""

from __future__ import annotations

import pytest
import torch

from benchmark.audit import robust_heads
from benchmark.audit.detectors import head
from tests.benchmark.audit.samples import clusters, total_probability


def test_an_image_s_own_label_has_no_part_in_its_probabilities() -> None:
    assert total_probability(head.label_quality) == pytest.approx(1, abs=1e-4)


def test_without_a_step_that_moves_it_is_zero_shot(monkeypatch: pytest.MonkeyPatch) -> None:
    sample, _ = clusters(per_class=9, spread=0.3)
    monkeypatch.setattr(robust_heads, "LR", 0.0)
    torch.testing.assert_close(head.label_quality(sample), sample.of_given(sample.zero_shot))
