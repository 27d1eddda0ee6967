"""Noisy validation: images that are not trained on, with labels as wrong as those of the training set."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from datamodules.catalog import open_dataset
from datamodules.datamodule import NoisyFewShot
from datamodules.dataset import Dataset
from datamodules.epoch_plan import Sampling, TrainingSet
from datamodules.features.bank import FeatureBank
from datamodules.fewshot import few_shot_val
from datamodules.run_spec import RunSpec
from datamodules.validation import hold_out, noisy_validation
from methods.coop import Method
from methods.core.evaluation import Evaluation
from tests.support import toy

DIGITS = open_dataset("digits")


def validation(run: RunSpec, dataset: Dataset = DIGITS) -> TrainingSet:
    return noisy_validation(dataset, run, np.ones(len(dataset.classes), bool), lambda: np.empty((0, 0)), None)


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.5])
def test_the_val_split_s_draw_has_exactly_the_noise_of_the_training_labels(rate: float) -> None:
    found = validation(RunSpec(3, 16, "symmetric" if rate else "none", rate))
    assert DIGITS.val is not None
    drawn = few_shot_val(DIGITS.train.labels, DIGITS.val.labels, 16, 3)
    assert found.images.tolist() == drawn.tolist() and len(drawn) == 40
    assert (found.labels != DIGITS.val.labels[drawn]).sum() == int(rate * 40)


def test_where_no_doubtful_labels_can_be_had_there_are_none() -> None:
    assert DIGITS.val is not None
    for run, dataset in (
        (RunSpec(1, 16, paradigm="ul"), DIGITS),
        (RunSpec(1, 16), replace(DIGITS, val=None)),
        (RunSpec(1, 16), replace(DIGITS, has_clean_labels=False)),
        (RunSpec(1, 16, "human", None), replace(DIGITS, given={"worse": DIGITS.train.labels})),
    ):
        assert not len(validation(run, dataset).images)


def test_a_quarter_of_the_shots_of_each_given_label_is_held_out_once_and_only_once() -> None:
    given = TrainingSet(np.arange(100, 200), np.arange(100) % 6)
    kept, held = hold_out(given, 0.25, seed=1)
    assert sorted([*kept.images, *held.images]) == given.images.tolist()
    assert np.bincount(held.labels).tolist() == [4] * 6
    again, other = hold_out(given, 0.25, seed=1)[1], hold_out(given, 0.25, seed=2)[1]
    assert held.images.tolist() == again.images.tolist() != other.images.tolist()


def data_for(*runs: RunSpec, dataset: Dataset | None = None) -> NoisyFewShot:
    bank = FeatureBank(toy.tiny_clip())
    return NoisyFewShot(
        dataset or toy.toy_dataset(), runs, backbone=bank, sampling=Sampling(3, batch_size=8), noisy_val=True
    )


def test_what_is_held_out_is_not_trained_on_and_measured_with_its_given_labels() -> None:
    runs = [RunSpec(1, 8, "symmetric", 0.5, hold_out=0.25), RunSpec(2, 4, "symmetric", 0.25, hold_out=0.25)]
    data = data_for(*runs)
    whole = data_for(*(replace(run, hold_out=0.0) for run in runs))
    (part,) = data.noisy_val_images()
    for row in range(2):
        trained = data.given[row].images.tolist()
        drawn = zip(whole.given[row].images.tolist(), whole.given[row].labels.tolist(), strict=True)
        held = {image: label for image, label in drawn if image not in trained}
        labels = part.labels[row][part.labels[row] >= 0]
        assert sorted(labels.tolist()) == sorted(held.values()) and held
    assert (part.labels[1] == -1).any() and not (part.labels[0] == -1).any()


def test_labels_of_minus_one_count_for_nothing() -> None:
    evaluation = Evaluation()
    logits = torch.eye(3)[None].repeat(2, 1, 1)
    evaluation.update(logits, torch.tensor([[0, 1, -1], [0, 0, 0]]))
    assert evaluation.accuracy.tolist() == pytest.approx([1.0, 1 / 3])


def test_training_records_the_accuracy_on_noisy_validation_after_every_epoch() -> None:
    data = data_for(RunSpec(1, 8, "symmetric", 0.5, hold_out=0.25))
    method = toy.fit([Method(toy.task([1]))], data)
    curve = method.curves["noisy_val_accuracy"]
    assert len(curve) == 3 and all(0 <= float(value) <= 1 for value in curve)
    (part,) = data.noisy_val_images()
    logits = method.members[0].logits(part.features, method.members[0].class_weights())
    assert float(curve[-1]) == pytest.approx(float((logits.argmax(-1) == part.labels).float().mean()))


def test_a_run_without_validation_images_has_no_curve() -> None:
    method = toy.fit([Method(toy.task([1]))], data_for(RunSpec(1, 2)))
    assert "noisy_val_accuracy" not in method.curves
