"""Times of rivals that take turns in one process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

Work = Callable[[], Any]


@dataclass(frozen=True)
class Race:
    """Seconds of each contender in each round, times the factor that makes them comparable."""

    seconds: Mapping[str, list[float]]

    def median(self, name: str) -> float:
        """The median of a contender's seconds."""
        return statistics.median(self.seconds[name])

    def ratio(self, slow: str, fast: str) -> tuple[float, float, float]:
        """How many times `fast` is faster than `slow`, round by round: least, median, most."""
        ratios = [a / b for a, b in zip(self.seconds[slow], self.seconds[fast], strict=True)]
        return min(ratios), statistics.median(ratios), max(ratios)


def race(
    contenders: Mapping[str, Work], rounds: int, device: str, shares: Mapping[str, float] | None = None, warm: int = 1
) -> Race:
    """Lets the contenders take turns, so that what else the machine does meets all alike.

    `shares` multiplies a contender's seconds: 1 / 20 for one run's part of a pack of twenty. The first `warm`
    rounds are not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(rounds + warm):
        for name, work in contenders.items():
            spent = timed(work, device)
            if turn >= warm:
                seconds[name].append(spent * (shares or {}).get(name, 1.0))
    return Race(seconds)


def timed(work: Work, device: str) -> float:
    """Seconds that `work` takes: of the processor on a CPU, where others may compute too, else of the wall clock."""
    if device == "cpu":
        start = time.process_time()
        work()
        return time.process_time() - start
    torch.cuda.synchronize(device)
    start = time.perf_counter()
    work()
    torch.cuda.synchronize(device)
    return time.perf_counter() - start
