"""Packs over devices: a worker for each device, which takes the next pack when it is free.

`Crew` says what workers are: processes of this machine, or the actors of an engine.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import forkserver
from typing import Any, Protocol

from benchmark.plan.packs import Pack
from benchmark.run.events import Event, Report
from benchmark.run.pack_queue import PackQueue
from benchmark.run.process import Processes
from benchmark.run.workload import Job, Workload

#: Seconds without an event after which one line says that a pack stands still.
QUIET = 60.0
#: Seconds between two looks at the workers; of a longer pause, when this process was stopped, no more are counted.
TICK = 1.0


class Crew(Protocol):
    """How workers are started and listened to."""

    def start(self, device: str) -> Any:
        """A new worker."""

    def wait(self, workers: Sequence[Any], timeout: float) -> Sequence[Any]:
        """Those of the workers that have a message or are dead, after at most `timeout` seconds."""


def prepare() -> None:
    """Starts the process that workers are copied from; it imports what they need while we do other things."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        multiprocessing.set_forkserver_preload(["benchmark.run.preloaded"])
        forkserver.ensure_running()


def map_packs(work: Workload[Job]) -> None:
    """Calls the job with every pack, a device and a function to report by, in a worker process for each device.

    A worker that dies is replaced. Its pack goes again once, then in halves, until the runs that kill their worker
    stand alone, and are lost. A job that returns False gets its pack again after all others. Raises OSError: a job
    raised one; the other workers are stopped.
    """
    keep_busy(Processes(work.job), work)


def keep_busy(crew: Crew, work: Workload[Any]) -> None:
    """`map_packs` with the workers of a crew."""
    queue = PackQueue(work.packs)
    workers = [crew.start(device) for device in work.devices[: len(work.packs)]]
    try:
        while queue.waiting or any(worker.piece for worker in workers):
            for worker in workers:
                if worker.free and queue.waiting:
                    worker.give(queue.waiting.popleft())
            start = time.monotonic()
            for worker in crew.wait([worker for worker in workers if not worker.free], TICK):
                number = workers.index(worker)
                if not _receive(worker, queue, partial(work.tell, number), work.lost):
                    workers[number] = crew.start(worker.device)
            seconds = min(2 * TICK, time.monotonic() - start)
            for number, worker in enumerate(workers):
                _watch(worker, seconds, work.timeout, partial(work.tell, number))
    finally:
        for worker in workers:
            worker.stop()


def _receive(worker: Any, queue: PackQueue, report: Report, lost: Callable[[Pack, str], None]) -> bool:
    """Reads a worker's message and does what it means for the worker's pack; False if the worker is dead."""
    piece = worker.piece
    try:
        what = worker.receive(report)
    except EOFError:
        cause = worker.reap()
        if piece is not None:
            fate = queue.died(piece)
            report(Event(worker.device, "died", f"{piece.pack.title}: {cause}; {fate}"))
            if fate == queue.LOST:
                lost(piece.pack, cause)
        return False
    if piece is not None and what == "done":
        queue.finished(piece)
    elif piece is not None and what == "later":
        queue.waiting.append(piece)
    return True


def _watch(worker: Any, seconds: float, timeout: float, report: Report) -> None:
    """Counts the seconds for which a busy worker is silent, says so once, and kills it after `timeout` of them."""
    if worker.free:
        return
    before, worker.silence = worker.silence, worker.silence + seconds
    if before <= QUIET < worker.silence:
        end = f"it is stopped after {timeout:g} s" if timeout else "--timeout would stop it"
        what = f"{worker.piece.pack.title}; {end}" if worker.piece else "the cluster has not started this worker yet"
        report(Event(worker.device, "quiet", f"no progress for {QUIET:g} s: {what}"))
    if timeout and worker.piece and worker.silence > timeout:
        worker.kill(f"no progress for {timeout:g} s")
