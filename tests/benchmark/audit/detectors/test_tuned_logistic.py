"""The detector `tuned_logistic`: the regularisation under which given labels are likeliest."""

from __future__ import annotations

import pytest
import torch

from benchmark.audit.detectors import logistic, tuned_logistic
from tests.benchmark.audit.samples import clusters


def test_of_several_strengths_it_takes_the_one_that_explains_the_labels_best(monkeypatch: pytest.MonkeyPatch) -> None:
    sample, _ = clusters(per_class=12, rate=0.0)
    monkeypatch.setattr(tuned_logistic, "STRENGTHS", (1.0, 1e-4, 30.0))
    each = [sample.of_given(logistic.probabilities(sample, strength)) for strength in (1.0, 1e-4, 30.0)]
    assert each[2].log().mean() > max(each[0].log().mean(), each[1].log().mean())
    torch.testing.assert_close(tuned_logistic.label_quality(sample), each[2])
