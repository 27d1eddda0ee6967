"""The detector `joint`: all classifiers together, and what a person has decided."""

from __future__ import annotations

from dataclasses import replace

import torch

from benchmark.audit.detectors import joint
from tests.benchmark.audit.samples import clusters


def test_a_label_that_a_person_confirmed_is_right_and_one_that_was_refuted_is_wrong() -> None:
    sample, _ = clusters(per_class=10)
    checked = torch.full_like(sample.labels, -1)
    checked[3], checked[9] = sample.labels[3], (sample.labels[9] + 1) % sample.classes
    found = joint.label_quality(replace(sample, checked=checked))
    assert found[[3, 9]].tolist() == [0, -1]
    assert ((found <= 0) & (found >= -1)).all()


def test_the_score_is_what_the_estimate_leaves_to_other_classes() -> None:
    sample, _ = clusters(per_class=10)
    true = joint.estimated(sample).true
    torch.testing.assert_close(joint.label_quality(sample), sample.of_given(true) - 1, atol=1e-5, rtol=0)
