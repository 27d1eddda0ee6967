"""TecoPrompt's candidates over epochs and its groups, against one image at a time."""

from __future__ import annotations

import pytest
import torch

from methods.functional.temporal_labels import CLEAN, MIDDLE, NOISY, follow, group


def test_candidates_averages_and_streaks_are_those_of_a_loop() -> None:
    draw = torch.Generator().manual_seed(0)
    last, average, streak = torch.zeros(2, 6, dtype=torch.long), torch.zeros(2, 6), torch.zeros(2, 6, dtype=torch.long)
    slow = [[(0, 0.0, 0)] * 6 for _ in range(2)]
    for _ in range(6):
        shares = (6 * torch.rand(2, 6, 3, generator=draw)).softmax(-1)
        last, average, streak = follow(shares, last, average, streak, momentum=0.7, sure=0.6)
        for run in range(2):
            for image, (before, mean, row) in enumerate(slow[run]):
                own = shares[run, image].tolist()
                best = own.index(max(own))
                longer = row + 1 if best == before else 1
                slow[run][image] = best, 0.7 * mean + 0.3 * max(own), longer if max(own) >= 0.6 else 0
        assert last.tolist() == [[best for best, *_ in run] for run in slow]
        assert streak.tolist() == [[row for *_, row in run] for run in slow]
        torch.testing.assert_close(average, torch.tensor([[mean for _, mean, _ in run] for run in slow]))


def test_a_share_of_exactly_what_is_sure_counts() -> None:
    first = torch.zeros(1, dtype=torch.long), torch.zeros(1), torch.ones(1, dtype=torch.long)
    assert follow(torch.tensor([[0.75, 0.25]]), *first, momentum=0.5, sure=0.75)[2].tolist() == [2]
    assert follow(torch.tensor([[0.25, 0.75]]), *first, momentum=0.5, sure=0.75)[2].tolist() == [1]
    assert follow(torch.tensor([[0.74, 0.26]]), *first, momentum=0.5, sure=0.75)[2].tolist() == [0]


@pytest.mark.parametrize(
    ("agrees", "average", "stable", "expected"),
    [
        (True, 0.5, False, CLEAN), (True, 0.5, True, CLEAN), (True, 0.25, False, MIDDLE), (True, 0.2, False, NOISY),
        (True, 0.2, True, MIDDLE), (False, 0.9, False, NOISY), (False, 0.9, True, MIDDLE), (False, 0.1, True, MIDDLE),
    ],
)  # fmt: skip
def test_groups_by_agreement_average_and_stability(agrees: bool, average: float, stable: bool, expected: int) -> None:
    found = group(torch.tensor([agrees]), torch.tensor([average]), torch.tensor([stable]), threshold=0.5, low=0.25)
    assert found.tolist() == [expected]


def test_the_groups_are_three() -> None:
    assert [CLEAN, MIDDLE, NOISY] == [0, 1, 2]
