"""Packs over devices: a worker for each device, which takes the next pack when it is free.

`Crew` says what workers are: processes of this machine, or the actors of an engine.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import forkserver
from typing import Any, Generic, Protocol, TypeVar

from benchmark.plan.packs import Pack
from benchmark.run.events import Event, Report
from benchmark.run.pack_queue import PackQueue, Piece
from benchmark.run.process import Job, Processes, Worker

OnEvent = Callable[[int, Any], None]

#: Seconds without an event after which one line says that a pack stands still.
QUIET = 60.0
#: Seconds between two looks at the workers; of a longer pause, when this process was stopped, no more are counted.
TICK = 1.0


class AnyWorker(Protocol):
    """What `map_packs` needs to know of a worker; `Worker` says what its methods do."""

    device: str
    piece: Piece | None
    silence: float

    @property
    def free(self) -> bool:
        """Whether it can take a piece."""

    def give(self, piece: Piece) -> None: ...
    def receive(self, report: Report) -> str: ...
    def kill(self, cause: str) -> None: ...
    def reap(self) -> str: ...
    def stop(self) -> None: ...


W = TypeVar("W", bound=AnyWorker)


class Crew(Protocol, Generic[W]):
    """How workers are started and listened to."""

    def start(self, device: str) -> W:
        """A new worker."""

    def wait(self, workers: Sequence[W], timeout: float) -> Sequence[W]:
        """Those of the workers that have a message or are dead, after at most `timeout` seconds."""


def prepare() -> None:
    """Starts the process that workers are copied from; it imports what they need while we do other things."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        multiprocessing.set_forkserver_preload(["benchmark.run.worker"])
        forkserver.ensure_running()


def map_packs(
    job: Job,
    packs: Sequence[Pack],
    devices: Sequence[str],
    on_event: OnEvent,
    lost: Callable[[Pack, str], None],
    timeout: float = 0.0,
) -> None:
    """Calls `job(pack, device, report)` for every pack, in a worker process for each device.

    A worker that dies is replaced. Its pack goes again once, then in halves, until the runs that kill their worker
    stand alone: `lost(pack, cause)` gets those. What a job reports reaches `on_event(worker, event)` in this process.
    A job that returns False gets its pack again after all others.
    A worker that reports nothing for `timeout` seconds (0: for ever) is killed, which counts as its death.

    Raises:
        OSError: a job raised one; the other workers are stopped.
    """
    keep_busy(Processes(job), packs, devices, on_event, lost, timeout)


def keep_busy(
    crew: Crew[Any],
    packs: Sequence[Pack],
    devices: Sequence[str],
    on_event: OnEvent,
    lost: Callable[[Pack, str], None],
    timeout: float = 0.0,
) -> None:
    """`map_packs` with the workers of a crew."""
    queue = PackQueue(packs)
    workers: list[AnyWorker] = [crew.start(device) for device in devices[: len(packs)]]
    try:
        while queue.waiting or any(worker.piece for worker in workers):
            for worker in workers:
                if worker.free and queue.waiting:
                    worker.give(queue.take())
            start = time.monotonic()
            for worker in crew.wait([worker for worker in workers if not worker.free], TICK):
                number, piece = workers.index(worker), worker.piece
                try:
                    kind = worker.receive(partial(on_event, number))
                except EOFError:
                    cause = worker.reap()
                    workers[number] = crew.start(worker.device)
                    if piece is None:
                        continue
                    what = queue.died(piece)
                    on_event(number, Event(worker.device, "died", f"{piece.pack.title}: {cause}; {what}"))
                    if what == queue.LOST:
                        lost(piece.pack, cause)
                    continue
                if piece is not None and kind == "done":
                    queue.finished(piece)
                elif piece is not None and kind == "later":
                    queue.later(piece)
            seconds = min(2 * TICK, time.monotonic() - start)
            for number, worker in enumerate(workers):
                _watch(worker, seconds, timeout, partial(on_event, number))
    finally:
        for worker in workers:
            worker.stop()


def _watch(worker: AnyWorker, seconds: float, timeout: float, report: Report) -> None:
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


__all__ = ["Crew", "Job", "OnEvent", "Report", "Worker", "keep_busy", "map_packs", "prepare"]
