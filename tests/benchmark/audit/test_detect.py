"""Detectors of wrong labels under every kind of noise that sets a rate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from benchmark.audit.track import Encoded, trials
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
