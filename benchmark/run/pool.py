"""Packs over devices: a worker process for each, which takes the next pack when it is free.

`map_packs` is the only door: an engine for a cluster would be its twin.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import traceback
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from typing import Any

from benchmark.errors import BadInput
from benchmark.plan.packs import Pack

Report = Callable[[Any], None]
OnEvent = Callable[[int, Any], None]
Job = Callable[[Pack, str, Report], None]

#: How often a pack is handed out again after the worker that held it died.
SECOND_CHANCES = 1


def prepare() -> None:
    """Starts the process that workers are copied from; it imports what they need while we do other things."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        multiprocessing.set_forkserver_preload(["benchmark.run.worker"])
        forkserver.ensure_running()


def map_packs(
    job: Job, packs: Sequence[Pack], devices: Sequence[str], on_event: OnEvent, lost: Callable[[Pack, str], None]
) -> None:
    """Calls `job(pack, device, report)` for every pack; with one device in this process, else in a worker for each.

    A worker that dies is replaced, and its pack goes again once; after that `lost(pack, cause)` is told. What a job
    reports reaches `on_event(worker, what)` here, in this process.

    Raises:
        BadInput: a job found that it cannot run as asked; the other workers are stopped.
    """
    if len(devices) == 1:
        for pack in packs:
            job(pack, devices[0], partial(on_event, 0))
        return
    waiting, handed_out = deque(packs), Counter[Pack]()
    workers = [_Worker.start(job, device) for device in devices[: len(packs)]]
    try:
        while waiting or any(worker.pack for worker in workers):
            for worker in workers:
                if worker.pack is None and waiting:
                    worker.give(waiting.popleft())
            busy = {worker.connection: worker for worker in workers if worker.pack}
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                try:
                    worker.receive(partial(on_event, workers.index(worker)))
                except EOFError:
                    pack, cause = worker.reap()
                    handed_out[pack] += 1
                    if handed_out[pack] > SECOND_CHANCES:
                        lost(pack, cause)
                    else:
                        waiting.appendleft(pack)
                    workers[workers.index(worker)] = _Worker.start(job, worker.device)
    finally:
        for worker in workers:
            worker.process.kill()
            worker.process.join()
            worker.connection.close()


@dataclass
class _Worker:
    device: str
    process: Any
    connection: Connection[Any, Any]
    pack: Pack | None = None

    @classmethod
    def start(cls, job: Job, device: str) -> _Worker:
        methods = multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(job, device, theirs), daemon=True)
        process.start()
        theirs.close()  # so that ours reads end-of-file when the worker dies
        return cls(device, process, ours)

    def give(self, pack: Pack) -> None:
        self.pack = pack
        with contextlib.suppress(OSError):  # it died idle: reading end-of-file from it comes next
            self.connection.send(pack)

    def receive(self, report: Report) -> None:
        kind, content = self.connection.recv()
        match kind:
            case "report":
                report(content)
            case "done":
                self.pack = None
            case "bad input":
                raise BadInput(content)
            case "error":
                raise RuntimeError(f"the worker on {self.device} failed outside of a run:\n{content}")

    def reap(self) -> tuple[Pack, str]:
        self.process.join()
        assert self.pack is not None
        return self.pack, f"its worker on {self.device} died (exit code {self.process.exitcode})"


def _serve(job: Job, device: str, connection: Connection[Any, Any]) -> None:
    """A worker's life: packs come in, reports go out; an interrupt is the parent's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            pack = connection.recv()
        except EOFError:
            return
        try:
            job(pack, device, lambda content: connection.send(("report", content)))
            connection.send(("done", None))
        except ValueError as error:
            if type(error).__module__.split(".")[0] not in ("benchmark", "datamodules", "methods"):
                connection.send(("error", traceback.format_exc()))
            else:
                connection.send(("bad input", str(error)))
        except Exception:
            connection.send(("error", traceback.format_exc()))
