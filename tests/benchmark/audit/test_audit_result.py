"""Labels that two explanations fit: both are named, and a few decisions of a person bring the right one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmark.audit.audit_result import AuditResult, examine
from benchmark.audit.sample import Sample

PER_CLASS, CLASSES = 16, 8


def ambiguous(wrong: float, seed: int = 1) -> tuple[Sample, np.ndarray]:
    """Classes in two clusters each, 60 to 40: of one class each, or the smaller one of the class before, mislabelled.

    Names say nothing. With `wrong` 0 both clusters of a label are its class, with 0.4 the smaller one is of another.
    """
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(CLASSES).repeat_interleave(PER_CLASS)
    centres = F.normalize(torch.randn(CLASSES, 32, generator=generator), dim=-1)
    small = torch.arange(len(labels)) % 5 >= 3
    source = torch.where(small, (labels - 1) % CLASSES, labels)
    features = F.normalize(centres[source] + 0.05 * torch.randn(len(labels), 32, generator=generator), dim=-1)
    text = F.normalize(torch.randn(CLASSES, 32, generator=generator), dim=-1)
    true = source if wrong else labels
    return Sample(features, labels, text, 30.0, seed), true.numpy()


def fractions(result: AuditResult) -> list[float]:
    return sorted([result.fraction.estimate, *(rival.fraction for rival in result.rivals)])


def test_labels_that_two_explanations_fit_have_both_named_and_pictures_to_look_at() -> None:
    result = examine(ambiguous(0.4)[0])
    assert len(fractions(result)) > 1
    assert fractions(result)[0] < 0.1 and fractions(result)[-1] > 0.3
    assert len(result.questions) == 20
    assert len(set(result.questions.tolist())) == 20


@pytest.mark.parametrize("wrong", [0.0, 0.4])
def test_ten_decisions_bring_the_right_explanation(wrong: float) -> None:
    sample, true = ambiguous(wrong)
    asked = examine(sample).questions[:10]
    checked = torch.full_like(sample.labels, -1)
    checked[torch.from_numpy(asked)] = torch.from_numpy(true[asked])
    result = examine(Sample(sample.features, sample.labels, sample.text, sample.scale, sample.seed, checked=checked))
    truth = float((sample.labels.numpy() != true).mean())
    assert abs(result.fraction.estimate - truth) < 0.08
    assert result.rivals == []
    assert not set(asked.tolist()) & set(result.questions.tolist()), "nobody is asked again"
    assert (result.suggested[asked] == true[asked]).all()


def test_labels_that_one_explanation_fits_have_no_rival() -> None:
    from tests.benchmark.audit.samples import clusters

    sample, _ = clusters(per_class=60)
    assert examine(sample).rivals == []
