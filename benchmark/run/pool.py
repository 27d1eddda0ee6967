"""Packs over devices: a worker process for each device, which takes the next pack when it is free.

Another back end only has to implement `map_packs`.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import wait
from typing import Any

from benchmark.plan.packs import Pack
from benchmark.run.events import Event, Report
from benchmark.run.pack_queue import PackQueue
from benchmark.run.process import Job, Worker

OnEvent = Callable[[int, Any], None]

#: Seconds without an event after which one line says that a pack stands still.
QUIET = 60.0
#: Seconds between two looks at the workers; of a longer pause, when this process was stopped, no more are counted.
TICK = 1.0


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
    queue = PackQueue(packs)
    workers = [Worker.start(job, device) for device in devices[: len(packs)]]
    try:
        while queue.waiting or any(worker.piece for worker in workers):
            for worker in workers:
                if worker.piece is None and queue.waiting:
                    worker.give(queue.take())
            busy = {worker.connection: worker for worker in workers if worker.piece}
            start = time.monotonic()
            for connection in wait(list(busy), timeout=TICK):
                worker = busy[connection]  # type: ignore[index]
                number = workers.index(worker)
                piece = worker.piece
                assert piece is not None
                try:
                    match worker.receive(partial(on_event, number)):
                        case "done":
                            queue.finished(piece)
                        case "later":
                            queue.later(piece)
                except EOFError:
                    cause = worker.reap()
                    workers[number] = Worker.start(job, worker.device)
                    what = queue.died(piece)
                    on_event(number, Event(worker.device, "died", f"{piece.pack.title}: {cause}; {what}"))
                    if what == queue.LOST:
                        lost(piece.pack, cause)
            seconds = min(2 * TICK, time.monotonic() - start)
            for number, worker in enumerate(workers):
                _watch(worker, seconds, timeout, partial(on_event, number))
    finally:
        for worker in workers:
            worker.stop()


def _watch(worker: Worker, seconds: float, timeout: float, report: Report) -> None:
    """Counts the seconds for which a busy worker is silent, says so once, and kills it after `timeout` of them."""
    if worker.piece is None:
        return
    before, worker.silence = worker.silence, worker.silence + seconds
    if before <= QUIET < worker.silence:
        end = f"it is stopped after {timeout:g} s" if timeout else "--timeout would stop it"
        report(Event(worker.device, "quiet", f"no progress for {QUIET:g} s: {worker.piece.pack.title}; {end}"))
    if timeout and worker.silence > timeout:
        worker.kill(f"no progress for {timeout:g} s")


__all__ = ["Job", "OnEvent", "Report", "map_packs", "prepare"]
