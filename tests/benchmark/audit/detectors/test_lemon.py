"""LEMoN against figures of the released code and a plain loop."""

from __future__ import annotations

import math

import torch

from benchmark.audit.detectors import lemon
from benchmark.audit.sample import Sample
from tests.benchmark.audit.samples import FIVE, clusters


def test_lemon_s_image_part_gives_the_scores_of_the_released_code() -> None:
    own = 1 - (FIVE.features * FIVE.text[FIVE.labels]).sum(1)
    expected = torch.tensor([0.033818, 0.033930, 1.086350, 0, 0])
    torch.testing.assert_close(lemon.by_image(FIVE, own, k=2), expected, atol=1e-6, rtol=0)


def test_lemon_is_that_of_a_plain_loop() -> None:
    many, _ = clusters(20, 0.3)
    x, labels, text = many.features.double(), many.labels.tolist(), many.text.double()
    own = [1 - float(x[i] @ text[y]) for i, y in enumerate(labels)]
    scores = []
    for i, y in enumerate(labels):
        cosines = {j: float(x[i] @ x[j]) for j in range(len(labels)) if j != i}
        near = sorted(cosines, key=lambda j: -cosines[j])[:30]
        by_image = sum(math.exp(0.1 * cosines[j] - 5 * own[j]) for j in near if labels[j] != y) / len(near)
        same = [j for j in cosines if labels[j] == y]
        by_text = sum((1 - cosines[j]) * math.exp(0.1 - 5 * own[j]) for j in same) / len(same)
        scores.append(own[i] + 5 * by_image + 5 * by_text)
    torch.testing.assert_close(lemon.label_quality(many), -torch.tensor(scores), atol=1e-5, rtol=1e-4)


def test_the_only_image_of_a_label_has_no_neighbours_in_text() -> None:
    alone = Sample(FIVE.features, torch.tensor([0, 1, 1, 1, 1]), FIVE.text)
    own = 1 - (alone.features * alone.text[alone.labels]).sum(1)
    assert lemon.by_text(alone, own)[0].abs() < 1e-6 and lemon.label_quality(alone).isfinite().all()
