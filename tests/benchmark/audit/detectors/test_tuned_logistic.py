"""The detector `tuned_logistic`: the regularisation under which given labels are likeliest."""

from __future__ import annotations

import pytest
import torch

from benchmark.audit import detectors
from benchmark.audit.detectors import logistic, tuned_logistic
from tests.benchmark.audit.samples import clusters


@pytest.mark.parametrize("best", [0, 1, 2])
def test_of_several_strengths_it_takes_the_one_that_explains_the_labels_best(
    best: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample, _ = clusters(per_class=12, rate=0.0 if best == 2 else 0.4, spread=0.4)
    strengths = {0: (0.1, 100.0, 1000.0), 1: (1e-4, 0.1, 1000.0), 2: (1e-4, 1.0, 30.0)}[best]
    monkeypatch.setattr(tuned_logistic, "STRENGTHS", strengths)
    each = [sample.of_given(logistic.probabilities(sample, strength)) for strength in strengths]
    assert max(range(3), key=lambda own: float(each[own].log().mean())) == best
    torch.testing.assert_close(detectors.label_quality("tuned_logistic", sample), each[best])
