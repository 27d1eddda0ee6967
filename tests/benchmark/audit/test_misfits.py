"""Images that fit no class."""

from __future__ import annotations

from benchmark.audit.misfits import fits_none
from benchmark.audit.sample import Sample
from tests.benchmark.audit.samples import clusters


def test_an_image_far_from_all_others_fits_no_class() -> None:
    sample, _ = clusters()
    features = sample.features.clone()
    features[7] = -features.mean(0) / features.mean(0).norm()
    isolation, misfits = fits_none(Sample(features, sample.labels, sample.text).nearest[0])
    assert misfits[0] == 7 and isolation.argmax() == 7
