"""Detectors of wrong labels under every kind of noise that sets a rate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmark.audit.detection_benchmark import Encoded, leaderboard, trials
from datamodules import noise
from tests.support.toy import toy_dataset


@pytest.fixture(scope="module")
def encoded() -> Encoded:
    """Toy images whose features lie around the text feature of their class."""
    dataset, draw = toy_dataset(), np.random.default_rng(1)
    text = torch.from_numpy(draw.standard_normal((len(dataset.classes), 16), np.float32))
    spread = torch.from_numpy(draw.standard_normal((len(dataset.train.labels), 16), np.float32))
    features = F.normalize(text[torch.from_numpy(dataset.train.labels)] + 0.4 * spread, dim=-1)
    return Encoded("toy", dataset, features, F.normalize(text, dim=-1), 100.0)


@pytest.mark.parametrize("kind", [kind for kind in noise.known() if not noise.measured(kind)])
def test_a_detector_is_measured_under_every_kind_of_noise_those_of_a_model_included(
    encoded: Encoded, kind: str
) -> None:
    (trial,) = trials(encoded, kind, 0.25, shots=10, seed=1, names=["means"])
    assert (trial.noise, trial.rate, trial.detector) == (kind, 0.25, "means")
    assert trial.auroc > 70
    assert np.isnan(trial.said), "class means rank, and say nothing of how many labels are wrong"


def test_the_audit_is_measured_by_its_fraction_interval_calibration_and_suggestions_cleanlab_without_an_interval(
    encoded: Encoded,
) -> None:
    joint, names = trials(encoded, "half", 0.4, shots=0, seed=1, names=["joint", "zero_shot"])
    assert joint.fraction == names.fraction
    assert joint.error == pytest.approx(abs(joint.said - joint.fraction)) and joint.error < 10
    assert joint.covered == 100 and 0 < joint.width < 60
    assert joint.suggested > 100 - joint.fraction
    assert np.isnan(names.covered) and np.isnan(names.width)
    assert names.suggested > 90 and names.error < 15


def test_where_no_label_is_wrong_the_ranking_is_not_measured_and_the_fraction_is(encoded: Encoded) -> None:
    done = list(trials(encoded, "symmetric", 0.0, shots=0, seed=1, names=["joint", "means"]))
    board = leaderboard(done)
    assert board["auroc"].isna().all() and set(board["rank"]) == {1}
    assert float(board["said"][0]) < 10
