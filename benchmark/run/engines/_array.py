"""A Slurm array as seen from outside: submitted, found again, followed, and cancelled."""

from __future__ import annotations

import getpass
import hashlib
import os
import stat
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from submitit import SlurmExecutor, SlurmJob
from submitit.core.utils import FailedJobError, JobPaths

from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack
from benchmark.records.attempts import forget_all
from benchmark.records.store import Store
from benchmark.run.engines._tasks import Task, Told, write_plan
from benchmark.run.events import Event
from benchmark.run.pack_queue import DEATHS
from benchmark.run.workload import Workload
from datamodules import reading
from datamodules.names import number_of

if TYPE_CHECKING:
    from benchmark.run.worker import Runner

#: Seconds between two looks at records and events, and between two questions to Slurm.
TICK, ASK = 1.0, 5.0
#: Tasks that ended before they began, in a row, after which something is wrong with the cluster.
STARTS = 3


@dataclass
class Array:
    """The tasks of one grid in one results folder; Slurm knows them by their name, so that nothing else is kept."""

    work: Workload[Runner]
    tasks: int
    sbatch: Mapping[str, Any]
    _known: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.out = self.work.job.out.resolve()
        self.folder = self.out / "slurm"
        self.name = "promptnoise-" + hashlib.sha256(f"{self.out} {self.work.job.grid}".encode()).hexdigest()[:12]
        self.events = self.folder / self.name

    def train(self, detach: bool) -> None:
        """Submits the tasks unless they are there, and follows them until every run is done or has failed.

        Raises BadInput: Slurm refuses the tasks, they end before they begin, or others can write to their folder.
        """
        private(self.folder)  # submitit leaves pickles there, for the tasks and for us
        store = Store(self.out)
        left = {run.key: run for pack in self.work.packs for run in pack.runs if run.key not in self.work.job.done}
        self._known = self._alive()
        if self._known:
            self._tell("note", f"{number_of(len(self._known), 'task')} of this grid there already")
        else:
            store.clear_failures(left.values())
            forget_all(self.out)
            self._submit(self.tasks)
        if detach:
            self._tell("note", "the same command without --detach follows them; Ctrl-C cancels them")
            return
        try:
            self._follow(store, left)
        finally:
            self._cancel()

    def _follow(self, store: Store, left: dict[str, Run]) -> None:
        told, asked, vacant, deaths, cause = Told(self.events), time.monotonic(), 0, 0, ""
        while True:
            for worker, event in told.news():
                self.work.tell(worker, event)
            if settled := (store.finished(left.values()) | store.failed(left.values())) & left.keys():
                deaths = 0
                self._tell("finished", finished=len(settled))
            left = {key: run for key, run in left.items() if key not in settled}
            if not left:
                return
            if deaths > DEATHS:
                self.work.lost(Pack(tuple(left.values())), cause or "its tasks ended without it")
                return
            if vacant:
                self._submit(min(vacant, self.tasks, len(left)))
                vacant = 0
            time.sleep(TICK)
            if time.monotonic() - asked < ASK:
                continue
            asked, alive = time.monotonic(), self._alive()
            ended, self._known = self._known - alive, alive
            died = {task: why for task in sorted(ended) if (why := self._why(task))}
            for task, why in died.items():
                self._tell("died", f"task {task}: {why}; its log is {self._log(task)}")
                deaths, cause = deaths + 1, why
                if deaths >= STARTS and not (self.events / f"{task}.jsonl").exists():
                    raise BadInput(f"Slurm tasks end before they begin: {why}; see {self._log(task)}")
            # A task that comes to its end leaves packs to those that train them; the last one leaves none.
            vacant = len(died) or int(not alive)
            deaths += not alive and not died

    def _submit(self, tasks: int) -> None:
        plan = self.folder / f"{self.name}.json"
        write_plan(plan, self.work.packs)
        gpus, cpus = self.sbatch.get("gpus_per_node", 0), self.sbatch["cpus_per_task"]
        runner = replace(self.work.job, out=self.out, done=frozenset())
        task = Task(runner, plan, self.events, cpus, gpus, self.work.timeout)
        executor = SlurmExecutor(folder=self.folder)
        executor.update_parameters(
            job_name=self.name, stderr_to_stdout=True, array_parallelism=max(1, tasks), **self.sbatch
        )
        try:
            with executor.batch():
                jobs = [executor.submit(task) for _ in range(tasks)]
        except (FailedJobError, subprocess.CalledProcessError, RuntimeError) as error:
            raise BadInput(f"Slurm refuses the tasks: {str(error).strip().splitlines()[-1]}") from None
        self._known |= {job.job_id for job in jobs}
        self._tell("note", f"submitted {number_of(tasks, 'task')} as job {jobs[0].job_id.split('_')[0]}")

    def _alive(self) -> set[str]:
        """The tasks that wait or run, as Slurm names them."""
        answer = subprocess.run(
            ["squeue", "--noheader", "--array", f"--name={self.name}", f"--user={getpass.getuser()}", "--format=%i"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if answer.returncode:  # the controller is busy or away; what we knew has to do
            return self._known
        return set(answer.stdout.split())

    def _tell(self, what: str, text: str = "", finished: int = 0) -> None:
        self.work.tell(-1, Event("slurm", what, text, finished=finished))

    def _cancel(self) -> None:
        command = ["scancel", f"--name={self.name}", f"--user={getpass.getuser()}"]
        subprocess.run(command, capture_output=True, check=False)

    def _log(self, task: str) -> Path:
        return Path(JobPaths(self.folder, job_id=task).stdout)

    def _why(self, task: str) -> str:
        """Why a task ended; empty where it came to its end."""
        job: SlurmJob[None] = SlurmJob(self.folder, task)
        if job.paths.result_pickle.exists():
            error = job.exception()
            return str(error).strip().splitlines()[-1] if error else ""
        try:
            lines = reading.read_bytes(self._log(task)).decode(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it left no log"


def private(folder: Path) -> Path:
    """Makes a folder for ourselves, or accepts one that is ours and that nobody else can write to.

    Raises BadInput: it is another user's, a link, or can be written by others.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise BadInput(f"{folder} is not a folder of yours, and what is there is run; use another --out") from None
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise BadInput(
                f"{folder} can be written by others, and what is there is run: chmod go-w {folder}"
            ) from None
    return folder
