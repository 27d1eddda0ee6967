"""Every detector finds wrong labels of clusters, the same ones twice; an unknown name is told."""

from __future__ import annotations

import pytest
import torch

from benchmark.audit import detectors
from benchmark.audit.ranking_quality import quality
from benchmark.audit.sample import Sample
from datamodules.errors import DataError
from tests.benchmark.audit.samples import clusters


@pytest.mark.parametrize("name", detectors.known())
def test_a_detector_finds_wrong_labels_of_clusters_and_gives_the_same_again(name: str) -> None:
    sample, wrong = clusters()
    found = detectors.label_quality(name, sample)
    assert found.shape == sample.labels.shape and torch.isfinite(found).all()
    assert quality(found.numpy(), wrong).auroc > 85
    fresh = Sample(sample.features, sample.labels, sample.text, sample.scale, sample.seed)
    torch.testing.assert_close(found, detectors.label_quality(name, fresh), rtol=0, atol=0)


def test_an_unknown_detector_is_named_with_the_nearest_one() -> None:
    with pytest.raises(DataError, match="did you mean 'lemon'"):
        detectors.check("lemno")
