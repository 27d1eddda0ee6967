"""What a worker does with a pack: trains what is not done, in parts where it must, and writes one record per run."""

from __future__ import annotations

import errno
import gc
import logging
import math
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch

from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack
from benchmark.records.locks import Locks
from benchmark.records.store import Store
from benchmark.run.collect import Result
from benchmark.run.devices import keep_to
from benchmark.run.events import Event, Report
from benchmark.run.pack_memory import TooLarge
from benchmark.run.resources import Resources
from benchmark.run.training import train
from datamodules.errors import UserError
from methods.errors import MethodError

logger = logging.getLogger(__name__)

#: Errors of a folder that cannot be written: no other run would fare better.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
#: Seconds before a pack that another process is training is looked at again.
PAUSE = 1.0


class Results(Protocol):
    """Where results go: a `Store`, or something that carries them to one."""

    def write(
        self, run: Run, result: Mapping[str, Any], learned: Mapping[str, Any] | None = None, predictions: bytes = b""
    ) -> object:
        """Takes the fields of a finished run's record, what it learned, and its predictions as a file's content."""

    def fail(self, run: Run, cause: str) -> None:
        """Notes that a run raised."""


@dataclass
class Runner:
    """A job for `map_packs`.

    `threads` limits a CPU worker's threads (0: torch's own choice), and `sharing` has the number of workers that share
    a device's memory, by device. `done` are the keys of runs that were finished before this command, and `grid`
    identifies all runs of the campaign.
    """

    out: Path
    resources: Resources = field(default_factory=Resources)
    threads: int = 0
    sharing: Mapping[str, int] = field(default_factory=dict)
    done: frozenset[str] = frozenset()
    grid: str = ""

    def __call__(self, pack: Pack, device: str, report: Report) -> bool:
        """Trains the pack unless all of it is done, and writes what comes of it.

        Returns False, after a pause, if another process is training this pack. Raises OSError: a folder that cannot be
        written.
        """
        with Locks(self.out).lock(pack.runs) as ours:
            if not ours:
                time.sleep(PAUSE)
                return False
            store = Store(self.out)
            done = store.finished(pack.runs)
            if elsewhere := done - self.done:
                report(Event(device, "finished", finished=len(elsewhere)))
            if len(done) < len(pack.runs):
                self.train(pack, done, device, store, report)
        return True

    def train(self, pack: Pack, done: set[str], device: str, results: Results, report: Report) -> None:
        """Trains the pack, in parts where memory is short; halves it on an error.

        Results of runs in `done` are dropped. Runs that cannot be trained are noted as failed. Raises OSError: a folder
        that cannot be written.
        """
        if self.threads:
            torch.set_num_threads(self.threads)
        self._train_or_split(pack.runs, done, device, results, report)

    def _train_or_split(self, runs: Sequence[Run], done: set[str], device: str, to: Results, report: Report) -> None:
        """Trains the runs side by side, or in parts; a run that fails alone is noted with the cause.

        Data or a backbone that cannot be used fail all runs at once, since they share them.
        """
        _prepare(device)
        results: list[Result] = []
        cause, parts = "", 0
        try:
            results = train(runs, self.resources, device, self.sharing.get(device, 1), report)
        except TooLarge as error:
            logger.info("%s: %s", Pack(tuple(runs)).title, error)
            parts = error.parts
        except UserError as error:
            cause = str(error)
            parts = 2 if isinstance(error, MethodError) and len(runs) > 1 else 0
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            if isinstance(error, KeyboardInterrupt) and multiprocessing.parent_process() is None:
                raise  # from a keyboard; no keyboard reaches a worker
            if isinstance(error, OSError) and error.errno in UNWRITABLE:
                raise  # the cache or the output folder
            cause = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            parts = 2 if len(runs) > 1 else 0
        if parts and cause:
            logger.warning("%d runs raised %s; trying them in halves", len(runs), cause)
        # Outside of `except`, where the error does not hold what the failed training allocated any more.
        todo = [run for run in runs if run.key not in done]
        if parts:
            self._split(runs, parts, done, device, to, report)
        elif cause:
            for run in todo:
                to.fail(run, cause)
            what = str(todo[0]) if len(todo) == 1 else Pack(tuple(todo)).title
            report(Event(device, "failed", f"{what}: {cause}", finished=len(todo)))
        else:
            for run, result in zip(runs, results, strict=True):
                if run.key not in done:
                    to.write(run, *result)
            report(Event(device, "finished", finished=len(todo)))

    def _split(self, runs: Sequence[Run], parts: int, done: set[str], device: str, to: Results, report: Report) -> None:
        """Trains the runs in equal parts, one after the other."""
        share = math.ceil(len(runs) / parts)
        for part in (runs[first : first + share] for first in range(0, len(runs), share)):
            if any(run.key not in done for run in part):
                self._train_or_split(part, done, device, to, report)


def _prepare(device: str) -> None:
    """Keeps to a device, and frees what earlier trainings left in cycles of references, which its allocator counts."""
    gc.collect()
    if keep_to(device).startswith("cuda"):
        torch.cuda.empty_cache()
