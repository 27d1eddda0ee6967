"""SimiFeat against figures of the released code and a plain loop."""

from __future__ import annotations

import math

import torch

from benchmark.audit.detectors import simifeat
from tests.benchmark.audit.samples import FIVE, clusters


def test_simifeat_gives_the_scores_of_the_released_code() -> None:
    expected = torch.tensor([0.095133, 0.104346, 0.764565, 0, 0])
    torch.testing.assert_close(simifeat.label_quality(FIVE, k=3), -expected, atol=1e-6, rtol=0)


def test_simifeat_is_that_of_a_plain_loop() -> None:
    many, _ = clusters(20, 0.3)
    x, labels = many.features.double(), many.labels.tolist()
    votes = []
    for i, y in enumerate(labels):
        cosines = {j: float(x[i] @ x[j]) for j in range(len(labels)) if j != i}
        near = sorted(cosines, key=lambda j: -cosines[j])[:9]
        table = [0.0] * many.classes
        table[y] = 2 * cosines[near[0]] - cosines[near[1]]
        for j in near:
            table[labels[j]] += cosines[j]
        votes.append(-math.log(table[y] / math.sqrt(sum(value**2 for value in table))))
    torch.testing.assert_close(simifeat.label_quality(many), -torch.tensor(votes), atol=1e-5, rtol=1e-4)
