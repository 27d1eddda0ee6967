"""A campaign simulated: who takes which pack, and when it ends."""

from __future__ import annotations

import pytest

from benchmark.plan.schedule import ends, in_order, schedule


def test_a_free_worker_takes_the_longest_pack_that_is_left() -> None:
    found = schedule([3, 5, 4, 2, 2], workers=2)
    assert (
        found.makespan == 9 and found.utilisation == pytest.approx(16 / 18) and found.straggler == pytest.approx(2 / 9)
    )
    assert schedule([5], workers=4) == (5, 0.25, 1.0)
    assert schedule([], workers=2) == (0, 1, 0)


def test_a_free_worker_takes_the_next_pack_in_the_order_that_is_given() -> None:
    assert in_order([1, 1, 4], workers=2).makespan == 5 and schedule([1, 1, 4], workers=2).makespan == 4
    assert ends([1, 1, 4], workers=2) == [1, 1, 5]
