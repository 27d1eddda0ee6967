"""Labels that are made wrong so that an audit can be measured."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.audit.corrupted import corrupt_dataset, opened
from benchmark.errors import BadInput
from datamodules.catalog import open_dataset


def test_as_many_labels_are_wrong_as_the_rate_says_and_the_true_ones_are_known() -> None:
    data = opened("digits", None, "symmetric", 0.25, 8, 1)[1]
    assert data.true is not None and len(data.files) == len(data.given) == 80
    assert np.bincount(data.true).tolist() == [8] * 10
    assert (data.given != data.true).sum() == 20
    again = opened("digits", None, "symmetric", 0.25, 8, 1)[1]
    other = opened("digits", None, "symmetric", 0.25, 8, 2)[1]
    assert (again.given == data.given).all() and again.files == data.files != other.files


def test_without_a_number_of_shots_all_training_images_are_taken() -> None:
    dataset = open_dataset("digits")
    data = corrupt_dataset("digits", dataset, "symmetric", 0.0, 0, 1)
    assert sorted(data.given.tolist()) == sorted(dataset.train.labels.tolist())


def test_more_shots_than_a_class_has_images_are_said(caplog: pytest.LogCaptureFixture) -> None:
    counts = np.bincount(open_dataset("digits").train.labels)
    data = opened("digits", None, "symmetric", 0.0, 999, 1)[1]
    assert len(data.files) == counts.sum()
    assert f"digits: shots is 999, and classes have {counts.min()} to {counts.max()} images" in caplog.text


def test_noise_that_follows_a_model_needs_its_features() -> None:
    dataset = open_dataset("digits")
    with pytest.raises(BadInput, match="'confusion' needs a model's outputs"):
        corrupt_dataset("digits", dataset, "confusion", 0.3, 4, 1)
    generator = np.random.default_rng(0)
    features = generator.normal(size=(len(dataset.train.labels), 6)).astype(np.float32)
    zero_shot = generator.normal(size=(10, 6)).astype(np.float32)
    data = corrupt_dataset("digits", dataset, "confusion", 0.3, 4, 1, features, zero_shot)
    assert data.true is not None and (data.given != data.true).sum() == 12
