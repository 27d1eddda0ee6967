"""A campaign simulated: packs over workers, the longest first."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from typing import NamedTuple


class Schedule(NamedTuple):
    """How a campaign goes, in units of cost: its length, and fractions of it, 0 to 1.

    `utilisation` is the mean fraction of the campaign that a worker has work; `straggler` the fraction for which the
    last worker is busy after the first has nothing left.
    """

    makespan: float
    utilisation: float
    straggler: float


def schedule(costs: Iterable[float], workers: int) -> Schedule:
    """The campaign of packs with these costs when every free worker takes the longest pack that is left."""
    return in_order(sorted(costs, reverse=True), workers)


def in_order(costs: Iterable[float], workers: int) -> Schedule:
    """The campaign of packs with these costs when every free worker takes the next pack."""
    busy_until = _taken(costs, workers)[1]
    makespan = max(busy_until)
    if makespan == 0:
        return Schedule(0.0, 1.0, 0.0)
    return Schedule(makespan, sum(busy_until) / (workers * makespan), 1 - min(busy_until) / makespan)


def ends(costs: Iterable[float], workers: int) -> list[float]:
    """When each pack ends if every free worker takes the next one; in the order of `costs`."""
    return _taken(costs, workers)[0]


def _taken(costs: Iterable[float], workers: int) -> tuple[list[float], list[float]]:
    """When each pack ends, and when each worker does."""
    busy_until, found = [0.0] * workers, []
    for cost in costs:
        found.append(busy_until[0] + cost)
        heapq.heapreplace(busy_until, found[-1])
    return found, busy_until
