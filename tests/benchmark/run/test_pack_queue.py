"""What becomes of a pack whose worker died: again, in halves, given up; the number of deaths is bounded."""

from __future__ import annotations

import pytest

from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack
from benchmark.run.pack_queue import DEATHS, PackQueue


def pack(runs: int) -> Pack:
    return Pack(tuple(Run("embedded", "digits", "coop", "none", 0.0, 16, seed, "embedded", 1) for seed in range(runs)))


def campaign(runs: int, guilty: set[int]) -> tuple[list[int], list[int], int]:
    """Seeds that were trained, seeds that were given up, and deaths."""
    queue = PackQueue([pack(runs)])
    trained: list[int] = []
    lost: list[int] = []
    deaths = 0
    while queue.waiting:
        piece = queue.waiting.popleft()
        own = [run.seed for run in piece.pack.runs]
        if guilty & set(own):
            deaths += 1
            if queue.died(piece) == queue.LOST:
                lost += own
        else:
            trained += own
            queue.finished(piece)
    return sorted(trained), sorted(lost), deaths


@pytest.mark.parametrize("guilty", [{0}, {23}, {3, 17}, set(range(8)), set(range(8, 16)), {1, 5, 9, 13, 17, 21}])
def test_the_guilty_runs_alone_are_given_up(guilty: set[int]) -> None:
    trained, lost, _ = campaign(24, guilty)
    assert lost == sorted(guilty) and trained == sorted(set(range(24)) - guilty)


def test_a_pack_that_died_once_goes_again_as_it_was() -> None:
    queue = PackQueue([pack(4), pack(2)])
    first = queue.waiting.popleft()
    queue.died(first)
    assert queue.waiting.popleft() is first


def test_one_guilty_run_costs_a_death_per_halving() -> None:
    assert campaign(64, {40})[2] == 2 + 6


def test_where_every_run_kills_the_deaths_are_bounded() -> None:
    trained, lost, deaths = campaign(96, set(range(96)))
    assert not trained and lost == list(range(96))
    assert deaths <= 3 * DEATHS


def test_a_method_of_many_runs_in_a_pack_takes_no_other_with_it() -> None:
    guilty = set(range(30, 60))
    trained, lost, _ = campaign(96, guilty)
    assert lost == sorted(guilty) and len(trained) == 66
