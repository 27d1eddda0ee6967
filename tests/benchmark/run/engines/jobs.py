"""A job for engines that writes records without training, and torch; runs of some seeds end or hurt their process."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmark.plan.packs import Pack
from benchmark.run.events import Event
from benchmark.run.workload import Workload
from tests.support.records_factory import predictions, result, run

PACK = Pack(tuple(run(seed=seed) for seed in (1, 2, 3, 4)))


@dataclass
class Job:
    """In place of a `Runner`: finishes runs, but fails seed `fails`, and dies by a signal over seed `kills`."""

    out: Path
    done: frozenset[str] = frozenset()
    grid: str = "g"
    threads: int = 0
    sharing: Mapping[str, int] = field(default_factory=dict)
    fails: int = 0
    kills: int = 0
    raises: BaseException | None = None

    def train(self, pack: Pack, done: set[str], device: str, results: Any, report: Any) -> None:
        if self.raises is not None:
            raise self.raises
        for each in pack.runs:
            report(Event(device, "epoch", f"{os.getpid()}", each.seed, 4, runs=1))
            if each.seed == self.kills:
                os.kill(os.getpid(), signal.SIGKILL)
            if each.seed == self.fails:
                results.fail(each, "out of luck")
            elif each.key not in done:
                results.write(each, result(run=each), {}, predictions())
        report(Event(device, "finished", finished=len(pack.runs)))


@dataclass
class Heard:
    """What an engine told, by kind of event, and the packs that it gave up."""

    events: list[Event] = field(default_factory=list)
    lost: list[tuple[Pack, str]] = field(default_factory=list)

    def texts(self, what: str) -> list[str]:
        return [event.text for event in self.events if event.what == what]

    def of(self, job: Any, *packs: Pack, timeout: float = 0.0, workers: int = 1) -> Workload[Any]:
        return Workload(
            job, packs or [PACK], ["cpu"] * workers, lambda _, event: self.events.append(event),
            lambda *what: self.lost.append(what), timeout,
        )  # fmt: skip
