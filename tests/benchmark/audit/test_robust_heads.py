"""What is learned from the labels of other folds knows nothing of an image's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F

from benchmark.audit.class_means import class_means, out_of_fold
from benchmark.audit.out_of_fold_discriminant import discriminants
from benchmark.audit.robust_heads import head_weights
from benchmark.audit.sample import FOLDS, Sample
from tests.benchmark.audit.samples import CLASSES, clusters


def _log_probabilities(name: str, sample: Sample, fold: torch.Tensor) -> torch.Tensor:
    x, labels = sample.features, sample.labels
    if name == "means":
        return out_of_fold(x, class_means(x, labels, fold, CLASSES), fold)
    if name == "head":
        return out_of_fold(x, head_weights(x, labels, fold, sample.text.expand(FOLDS, -1, -1), 1), fold)
    return discriminants(x, F.one_hot(labels, CLASSES).float(), fold, (0.1,))[0]


@pytest.mark.parametrize("name", ["means", "head", "discriminant"])
def test_an_image_s_own_label_has_no_part_in_its_probabilities(name: str) -> None:
    sample, _ = clusters(per_class=9)
    changed = sample.labels.clone()
    changed[5] = (changed[5] + 1) % CLASSES
    before = _log_probabilities(name, sample, sample.fold)
    after = _log_probabilities(name, replace(sample, labels=changed), sample.fold)
    torch.testing.assert_close(before[5], after[5])
    assert not torch.allclose(before, after)
