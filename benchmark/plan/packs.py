"""Packs: runs of a grid that train side by side, as rows of the same tensors. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from benchmark.plan.grid import Run, parse_method


@dataclass(frozen=True)
class Pack:
    """Runs that train side by side, as rows of the same tensors."""

    runs: tuple[Run, ...]

    @property
    def title(self) -> str:
        """A few words for a progress line."""
        first = self.runs[0]
        return f"{first.dataset} · {len(self.runs)} runs"

    @property
    def cost(self) -> int:
        """Roughly how long it takes for each class, to start the longest first."""
        info, values = parse_method(self.runs[0].method)
        return info.rounds(values) * sum(run.epochs * run.shots for run in self.runs)


def packs(runs: Iterable[Run], size: int) -> list[Pack]:
    """All runs in packs of at most `size`, the longest first.

    A pack's make-up depends on the grid alone, not on which of its runs are done, so that a resumed benchmark computes
    the same numbers as one that was never interrupted.
    """

    def shared(run: Run) -> tuple[object, ...]:
        info, values = parse_method(run.method)
        return (
            run.backbone, run.dataset, run.shots, run.epochs * info.rounds(values), info.inputs,
            run.paradigm == "trzsl",  # trains fewer classes
        )  # fmt: skip

    found: list[Pack] = []
    for _, group in groupby(sorted(runs, key=lambda run: (shared(run), run.method)), shared):
        rows = list(group)
        share = math.ceil(len(rows) / math.ceil(len(rows) / size))
        found += [Pack(tuple(rows[first : first + share])) for first in range(0, len(rows), share)]
    return sorted(found, key=lambda pack: -pack.cost)
