"""Packs: runs of a grid that train side by side, as rows of the same tensors. Imports no torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import groupby, pairwise

from benchmark.plan.axes import Run
from benchmark.plan.schedule import ends, in_order, schedule
from benchmark.plan.short_names import short_name
from datamodules import catalog
from datamodules.names import number_of
from methods.recipes import recipe

#: The share of a campaign's time that one worker may train alone while another has nothing left.
STRAGGLER = 0.2
#: Up to so many workers packs are cut into equal parts first; for more, which takes long, into halves alone.
FEW = 16
#: Where the workers are busy for less than this fraction of the campaign, packs that end late are halved.
UTILISATION = 0.95
#: The share of the shortest possible campaign by which a pack may end late without being halved.
LATE = 0.03
#: A part of a pack is worth a worker's start from this cost on: about two seconds of the embedded CLIP on one core.
WORTH = 50_000
#: The cost of an image through the image tower, where a class name forward and backward through the text tower is 1,
#: and the runs that share a training image as a rule.
IMAGE = SHARED = 20


#: A data set's size as planning knows it, read once by each process.
size_of = cache(catalog.size)


@dataclass(frozen=True)
class Pack:
    """Runs that train side by side, as rows of the same tensors."""

    runs: tuple[Run, ...]

    @property
    def title(self) -> str:
        """A few words for a progress line."""
        return f"{short_name(self.runs[0].dataset)} · {number_of(len(self.runs), 'run')}"

    @cached_property
    def cost(self) -> int:
        """Roughly how long it takes, with the data set's size as planning knows it."""
        return self.cost_of(size_of(self.runs[0].dataset))

    def cost_of(self, size: catalog.Size) -> int:
        """Roughly how long it takes on a data set of this size, by class names and images; no unit."""
        first = self.runs[0]
        images = first.planned_shots * size.classes
        steps = first.settings.steps(images)
        epochs = first.spec.rounds * first.epochs
        alone = 1 if first.spec.info.inputs == "images" else SHARED  # a tower that is tuned encodes for its run alone
        each = epochs * (steps * size.classes + images * IMAGE // alone)
        return sum(run.spec.info.cost for run in self.runs) * each + IMAGE * size.tests

    def halves(self) -> tuple[Pack, Pack]:
        """The first and the second half of its two or more runs."""
        half = len(self.runs) // 2
        return Pack(self.runs[:half]), Pack(self.runs[half:])


def packs(runs: Iterable[Run], size: int, workers: int = 1) -> list[Pack]:
    """All runs in packs of at most `size`, the longest first, cut until each of the `workers` has work to the end.

    The largest pack is cut while one worker would train alone for more than `STRAGGLER` of the campaign; if the workers
    are busy for less than `UTILISATION` of it then, packs get smaller towards the end. A pack's make-up depends on the
    grid and on `workers`, not on which of its runs are done, so that a resumed benchmark computes the same numbers as
    one that was never interrupted.
    """
    runs = list(runs)
    images = {name: str(recipe(name).settings.images) for name in {run.recipe for run in runs}}
    about = {name: (spec.rounds, spec.info.inputs) for name, spec in {run.method: run.spec for run in runs}.items()}

    def shared(run: Run) -> tuple[object, ...]:
        rounds, inputs = about[run.method]
        epochs = run.epochs * rounds
        return run.backbone, run.dataset, run.shots, epochs, inputs, run.has_unseen_classes, images[run.recipe]

    order = sorted(runs, key=lambda run: (shared(run), run.method, run.recipe))
    groups = [list(rows) for _, rows in groupby(order, shared)]
    parts = [_cut(rows, math.ceil(len(rows) / size)) for rows in groups]
    while workers <= FEW and schedule([pack.cost for part in parts for pack in part], workers).straggler > STRAGGLER:
        largest = max(range(len(parts)), key=lambda group: parts[group][0].cost)
        if parts[largest][0].cost < 2 * WORTH or len(parts[largest]) == len(groups[largest]):
            break
        parts[largest] = _cut(groups[largest], len(parts[largest]) + 1)
    made = sorted((pack for part in parts for pack in part), key=lambda pack: -pack.cost)
    return _small_at_the_end(made, workers)


def _small_at_the_end(made: list[Pack], workers: int) -> list[Pack]:
    """Halves packs that end late, again and again, so that short ones fill the end; the costliest first.

    Where only single runs end late, the costliest packs are halved, after which those runs start; none is once the
    campaign takes no longer than the longest pack that cannot be halved.
    """
    while (found := in_order(costs := [pack.cost for pack in made], workers)).utilisation < UTILISATION:
        latest = (1 + LATE) * sum(costs) / workers
        able = [len(pack.runs) > 1 and pack.cost >= 2 * WORTH for pack in made]
        whole = [cost for can, cost in zip(able, costs, strict=True) if not can]
        if found.makespan <= (1 + LATE) * max(whole, default=0):
            break
        cut = [can and end > latest for can, end in zip(able, ends(costs, workers), strict=True)]
        if not any(cut):
            most = max((cost for can, cost in zip(able, costs, strict=True) if can), default=0)
            cut = [can and cost > most / 2 for can, cost in zip(able, costs, strict=True)]
        if not any(cut):
            break
        parts = [_cut(pack.runs, 2) if halve else [pack] for halve, pack in zip(cut, made, strict=True)]
        made = sorted((pack for part in parts for pack in part), key=lambda pack: -pack.cost)
    return made


def _cut(rows: Sequence[Run], count: int) -> list[Pack]:
    """`count` packs of equal size, give or take one run, the costliest first; each has as few seeds as it can.

    Runs of one seed share their images, so that two workers encode few of them twice.
    """
    order = sorted(range(len(rows)), key=lambda index: rows[index].seed)
    edges = [len(rows) * part // count for part in range(count + 1)]
    chunks = [sorted(order[start:end]) for start, end in pairwise(edges)]
    return sorted((Pack(tuple(rows[i] for i in chunk)) for chunk in chunks), key=lambda pack: -pack.cost)
