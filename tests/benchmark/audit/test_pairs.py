"""Pairs of near duplicates with different labels, and images that fit no class."""

from __future__ import annotations

import torch

from benchmark.audit.pairs import conflicting_pairs, fits_none
from benchmark.audit.sample import Sample
from tests.benchmark.audit.samples import clusters


def test_pairs_of_near_duplicates_come_once_and_only_with_different_labels() -> None:
    x = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.01], [0, 1], [0.01, 1], [1, 1]]), dim=-1)
    indices = torch.tensor([[1, 4], [0, 4], [3, 4], [2, 4], [0, 2]])
    assert [pair[:2] for pair in conflicting_pairs(x, torch.tensor([0, 1, 2, 2, 0]), indices, 0.98)] == [(0, 1)]
    assert conflicting_pairs(x, torch.zeros(5, dtype=torch.int64), indices, 0.98) == []


def test_an_image_far_from_all_others_fits_no_class() -> None:
    sample, _ = clusters()
    features = sample.features.clone()
    features[7] = -features.mean(0) / features.mean(0).norm()
    isolation, misfits = fits_none(Sample(features, sample.labels, sample.text).nearest[0])
    assert misfits[0] == 7 and isolation.argmax() == 7
