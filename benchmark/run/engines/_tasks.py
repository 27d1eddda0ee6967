"""What a task of a Slurm array does: it trains packs, on the devices that it was given, until none is left."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from submitit import JobEnvironment
from submitit.helpers import DelayedSubmission

from benchmark.plan.axes import Run, all_small
from benchmark.plan.packs import Pack
from benchmark.records.attempts import Attempts
from benchmark.records.locks import Locks
from benchmark.records.store import Store
from benchmark.run import pool
from benchmark.run.devices import parse_devices
from benchmark.run.events import Event, Report
from benchmark.run.pack_queue import SECOND_CHANCES
from benchmark.run.workload import Workload, noting_lost
from datamodules import atomic, reading
from datamodules.names import number_of

if TYPE_CHECKING:
    from benchmark.run.worker import Runner


def write_plan(path: Path, packs: Iterable[Pack]) -> None:
    """Writes the packs of a campaign to a file that all tasks read."""
    atomic.write(path, json.dumps([[asdict(run) for run in pack.runs] for pack in packs]))


def read_plan(path: Path) -> list[Pack]:
    """The packs in a file that `write_plan` wrote."""
    return [Pack(tuple(Run(**run) for run in runs)) for runs in json.loads(reading.read_bytes(path))]


@dataclass(frozen=True)
class Task:
    """The function that submitit calls in each task; `events` is the folder for what it tells while it works."""

    runner: Runner
    plan: Path
    events: Path
    cpus: int
    gpus: int
    timeout: float

    def __call__(self) -> None:
        """Trains what no other task is training and none has finished, with a local pool."""
        packs, name = read_plan(self.plan), JobEnvironment().job_id
        holder = f"{os.environ.get('SLURM_JOB_ID', name)}-{os.environ.get('SLURM_RESTART_COUNT', '0')}"
        small = all_small(run for pack in packs for run in pack.runs)
        devices = parse_devices("auto", small, len(packs)) if self.gpus else ["cpu"]
        runner = replace(self.runner, threads=0 if self.gpus else self.cpus, sharing=Counter(devices))
        self.events.mkdir(parents=True, exist_ok=True)
        with (self.events / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            tell = partial(_tell, file, os.environ.get("SLURMD_NODENAME", name))
            lost = noting_lost(Store(runner.out), tell)
            try:
                pool.map_packs(Workload(TaskJob(runner, holder), packs, devices, tell, lost, self.timeout))
            finally:
                Attempts(runner.out, holder).forget()

    def checkpoint(self) -> Any:
        """What is to be done after this task was pre-empted or its time is up: the same."""
        return DelayedSubmission(self)


def _tell(file: Any, node: str, worker: int, event: Event) -> None:
    file.write(json.dumps({"worker": worker, **asdict(event), "device": f"{node} {event.device}"}) + "\n")
    file.flush()


class Told:
    """What tasks have written since this was made; each worker of each task gets a number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read = {path: path.stat().st_size for path in folder.glob("*.jsonl")}
        self.numbers: dict[tuple[Path, int], int] = {}

    def news(self) -> list[tuple[int, Event]]:
        """Events by number of worker, in the order of each file; what they finished is counted by the records."""
        found = []
        for path in sorted(self.folder.glob("*.jsonl")):
            with reading.open_file(path, reading.TABLE) as file:
                file.seek(self.read.get(path, 0))
                content = file.read()
            lines, _, _ = content.rpartition(b"\n")
            self.read[path] = self.read.get(path, 0) + len(lines) + bool(lines)
            for line in lines.splitlines():
                event = json.loads(line)
                number = self.numbers.setdefault((path, event.pop("worker")), len(self.numbers))
                found.append((number, replace(Event(**event), finished=0)))
        return found


@dataclass(frozen=True)
class TaskJob:
    """A job for `map_packs` that passes over packs which others train: if they die, their task or the next has them.

    Runs that failed in another task are not tried again. A pack over which a task died goes again once, then in halves.
    """

    runner: Runner
    holder: str

    def __call__(self, pack: Pack, device: str, report: Report) -> None:
        """Trains the runs of the pack that are neither done nor noted as failed, unless another task has the pack.

        Raises OSError: a folder that cannot be written.
        """
        store = Store(self.runner.out)
        if self._settled(store, pack.runs):
            return
        with Locks(self.runner.out).lock(pack.runs) as ours:
            if ours:
                self._train(store, pack, SECOND_CHANCES, device, report)

    def _train(self, store: Store, pack: Pack, chances: int, device: str, report: Report) -> None:
        if self._settled(store, pack.runs):
            return
        attempts = Attempts(self.runner.out, self.holder)
        if (deaths := attempts.deaths(pack.runs)) <= chances:
            with attempts.mark(pack.runs):
                self.runner.train(pack, store.finished(pack.runs), device, store, report)
        elif len(pack.runs) == 1:
            cause = f"{number_of(deaths, 'task')} died while training it"
            store.fail(pack.runs[0], cause)
            report(Event(device, "failed", f"{pack.runs[0]}: {cause}"))
        else:
            for half in pack.halves():
                self._train(store, half, 0, device, report)

    @staticmethod
    def _settled(store: Store, runs: Sequence[Run]) -> bool:
        return store.finished(runs) | store.failed(runs) >= {run.key for run in runs}
