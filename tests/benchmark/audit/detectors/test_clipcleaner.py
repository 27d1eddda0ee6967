"""CLIPCleaner: the released temperature, and votes of plain loops."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

from benchmark.audit.detectors import clipcleaner
from benchmark.audit.sample import Sample
from tests.benchmark.audit.samples import clusters


def test_clipcleaner_s_zero_shot_probabilities_have_the_released_temperature() -> None:
    """Cosines 0.30 and 0.25."""
    x = F.normalize(torch.tensor([[0.3, 0.25, math.sqrt(1 - 0.3**2 - 0.25**2)]] * 3), dim=-1)
    two = Sample(x, torch.tensor([0, 0, 1]), torch.eye(3)[:2])
    plain = Sample(x, torch.tensor([0, 0, 0]), torch.eye(3)[:2])
    assert clipcleaner.zero_shot(two)[0].tolist() == pytest.approx([0.6713, 0.3287], abs=1e-4)
    assert clipcleaner.label_quality(plain).tolist() == [1, 1, 1], "what all four votes like is not suspicious"


def test_clipcleaner_s_votes_are_those_of_plain_loops() -> None:
    many, _ = clusters(20, 0.3)
    labels = many.labels.tolist()
    model = LogisticRegression(max_iter=10_000, class_weight="balanced").fit(many.features.numpy(), labels)
    powers = [[math.exp(float(x @ t) / 0.07) for t in many.text] for x in many.features]
    zero_shot = [[power / sum(row) for power in row] for row in powers]
    mean = [0.0] * len(labels)
    for table in (zero_shot, model.predict_proba(many.features.numpy()).tolist()):
        for i, y in enumerate(labels):
            mean[i] += table[i][y] / max(table[i]) / 4
        for c in set(labels):
            members = [i for i, y in enumerate(labels) if y == c]
            scores = [math.log(table[i][c]) for i in members]
            column = [[(score - min(scores)) / (max(scores) - min(scores))] for score in scores]
            mixture = GaussianMixture(2, random_state=many.seed).fit(column)
            upper = int(mixture.means_.argmax())
            for i, shares in zip(members, mixture.predict_proba(column).tolist(), strict=True):
                mean[i] += shares[upper] / 4
    torch.testing.assert_close(clipcleaner.label_quality(many), torch.tensor(mean), atol=1e-3, rtol=0)
