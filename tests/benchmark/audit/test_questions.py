"""Which pictures are to be looked at: where explanations differ, labels in turns."""

from __future__ import annotations

import torch

from benchmark.audit.questions import questions


def test_an_image_tells_most_where_explanations_differ_and_labels_take_turns() -> None:
    one = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.5, 0.5], [0.0, 1.0]])
    other = torch.tensor([[0.0, 1.0], [0.3, 0.7], [0.5, 0.5], [0.1, 0.9]])
    assert questions([one, other], torch.tensor([0, 0, 0, 1])).tolist() == [0, 3, 1]
    assert questions([one, other], torch.tensor([0, 0, 0, 1]), checked=torch.tensor([0, -1, -1, -1])).tolist() == [1, 3]
    assert questions([one], torch.tensor([0, 0, 0, 1])).tolist() == [2, 1]
