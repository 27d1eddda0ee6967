"""Whole trainings on the embedded backbone: 60 runs in a pack, one by one, and in the reference loop."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmark.plan.axes import Run
from benchmark.plan.grid import Grid
from benchmark.plan.packs import Pack
from benchmark.run.resources import Resources
from benchmark.run.training import build, specs
from benchmark.run.worker import Runner
from benchmark.speed.cases import Row, Settings
from benchmark.speed.reference import ReferenceRun
from datamodules.datamodule import NoisyFewShot
from datamodules.features.bank import FeatureBank
from methods.recipes import recipe

CLASSES = 26
METHODS = ("coop", "gce", "mae", "dspt", "label_smoothing")


def grid(shots: int, seeds: Sequence[int] = (1, 2, 3)) -> list[Run]:
    """Five methods, four noise rates and three seeds on the upside-down shapes: 60 runs."""
    rates = (0.0, 0.25, 0.5, 0.75)
    return Grid(METHODS, ["flipped"], rates, ["symmetric"], seeds, [shots], ["embedded"]).runs()


def trainings(settings: Settings) -> Iterator[Row]:
    """60 runs in one pack, data, tests and records included, against runs one by one through suite and reference."""
    runs, shots = (grid(2, (1,)), 2) if settings.quick else (grid(16), 16)
    runner = _Trainer(settings.device)
    some = runs[:: max(1, len(runs) // 3)][:3]
    rivals = {"one by one": (runner.suite, 3.0), "reference loop": (runner.reference, 20.0)}
    for against, (alone, target) in rivals.items():
        baseline = partial(_one_by_one, alone, some)
        row = Row("whole trainings", "embedded", CLASSES, len(runs), against, shots, target=target)
        yield row.timed(baseline, partial(runner.suite, runs), settings, most=2, warm=0, trained=len(some))


def packs(settings: Settings) -> Iterator[Row]:
    """Packs of 1, 9 and 60 runs, and 1, 4 and 16 shots, against one by one."""
    runner = _Trainer(settings.device)
    for shots, size in ((2, 9),) if settings.quick else ((16, 9), (16, 60), (4, 60), (1, 60)):
        runs = grid(shots)[:size]
        row = Row("packs", "embedded", CLASSES, len(runs), "one by one", shots)
        yield row.timed(partial(runner.suite, runs[:1]), partial(runner.suite, runs), settings, most=1, warm=0)


def _one_by_one(train: Callable[[Sequence[Run]], None], runs: Sequence[Run]) -> None:
    for run in runs:
        train([run])


class _Trainer:
    """Trains runs either way, with backbone and pictures loaded beforehand."""

    def __init__(self, device: str) -> None:
        self.device, self.resources = device, Resources()
        self.backbone = self.resources.backbone("embedded", device)
        self.dataset = self.resources.dataset("flipped")

    def suite(self, runs: Sequence[Run]) -> None:
        """As `promptnoise bench` does it, images encoded anew."""
        with tempfile.TemporaryDirectory() as out:
            self.resources.forget("bank")
            Runner(Path(out), self.resources)(Pack(tuple(runs)), self.device, lambda event: None)

    def reference(self, runs: Sequence[Run]) -> None:
        """One run in the reference loop; images, wrong labels and start are drawn by the suite."""
        (run,) = runs
        member = build([run], self.backbone, self.dataset).members[0]
        data = NoisyFewShot(self.dataset, specs([run]), backbone=FeatureBank(self.backbone, device=self.device))
        given = data.given[0]
        alone = ReferenceRun(self.backbone, self.dataset.classes, member.ctx[0], recipe(run.recipe).at(run.method))  # type: ignore[index]
        alone.train(self.dataset, given.images, given.labels, run.seed, run.epochs)
        alone.test(self.dataset)
