"""What an evaluation keeps of each image, beside what it counts."""

from __future__ import annotations

import torch

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
