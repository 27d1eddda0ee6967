"""What an evaluation keeps of each image, beside what it counts."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from methods.core.evaluation import Evaluation


def test_predictions_are_those_that_are_counted_whatever_the_chunks() -> None:
    logits, labels = torch.randn(3, 10, 4), torch.randint(0, 4, (1, 10))
    logits[0, 2] = torch.nan
    evaluation = Evaluation(predictions=True)
    for part in (slice(0, 4), slice(4, 10)):
        evaluation.update(logits[:, part], labels[:, part])
    predicted, probabilities = evaluation.predictions
    torch.testing.assert_close((predicted == labels).float().mean(1), evaluation.accuracy)
    torch.testing.assert_close(probabilities, logits.softmax(-1).amax(-1).nan_to_num(0.0))
    assert probabilities[0, 2] == 0


def test_nothing_is_kept_unless_asked_for() -> None:
    evaluation = Evaluation()
    evaluation.update(torch.randn(3, 10, 4), torch.zeros(1, 10, dtype=torch.long))
    assert [len(kept) for kept in evaluation.predictions] == [0, 0]


def slow_ece(logits: Tensor, labels: Tensor, bins: int = 15) -> float:
    """The expected calibration error of one replica, image by image."""
    inside: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for row, label in zip(logits.double().softmax(-1).tolist(), labels.tolist(), strict=True):
        confidence = max(row)
        inside[min(int(confidence * bins), bins - 1)].append((confidence, row.index(confidence) == label))
    gaps = (abs(sum(confidence - right for confidence, right in each)) for each in inside)
    return sum(gaps) / len(labels)


def test_every_replica_has_its_own_calibration_error_in_15_bins_and_accuracy_of_each_class() -> None:
    draw = torch.Generator().manual_seed(1)
    logits = torch.randn(3, 200, 4, generator=draw) * torch.tensor([0.5, 2.0, 8.0])[:, None, None]
    labels = torch.randint(0, 4, (3, 200), generator=draw)
    evaluation = Evaluation(calibration=True)
    for part in (slice(0, 70), slice(70, 200)):
        evaluation.update(logits[:, part], labels[:, part])
    slow = [slow_ece(logits[row], labels[row]) for row in range(3)]
    assert evaluation.calibration_error.tolist() == pytest.approx(slow, abs=1e-5)
    right = logits.argmax(-1) == labels
    expected = [[float(right[row][labels[row] == c].float().mean()) for c in range(4)] for row in range(3)]
    assert evaluation.class_accuracy.tolist() == [pytest.approx(row) for row in expected]
    assert evaluation.accuracy.tolist() == pytest.approx(right.float().mean(1).tolist())
