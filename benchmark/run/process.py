"""A worker process: how it is started and spoken to, and what it does with the packs that it is given."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
import os
import signal
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from benchmark.run.events import Report
from benchmark.run.pack_queue import AnyWorker, Piece
from benchmark.run.workload import Job
from datamodules.foreign import warn_in_one_line


@dataclass(eq=False)
class Worker(AnyWorker):
    """A process as its parent knows it."""

    process: Any
    connection: Connection[Any, Any]

    @classmethod
    def start(cls, job: Job, device: str) -> Worker:
        """A new process that waits for its first pack."""
        methods = multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=serve, args=(job, device, theirs), daemon=True)
        process.start()
        theirs.close()  # so that ours reads end-of-file when the worker dies
        return cls(device, process, ours)

    def give(self, piece: Piece) -> None:
        """Hands a free worker its next pack."""
        self.piece, self.silence = piece, 0.0
        with contextlib.suppress(OSError):  # it died idle: reading end-of-file from it comes next
            self.connection.send(piece.pack)

    def receive(self, report: Report) -> str:
        """Reads one message; returns its kind: "report", "done", or "later" if another process has the pack.

        Raises OSError: the job raised one. Raises RuntimeError: the job raised anything else. Raises EOFError: the
        process is dead.
        """
        try:
            kind, content = self.connection.recv()
        except ConnectionResetError:  # it died with messages to it unread
            raise EOFError from None
        self.silence = 0.0
        match kind:
            case "report":
                report(content)
            case "done" | "later":
                self.piece = None
            case "cannot write":
                raise OSError(*content)
            case "error":
                raise RuntimeError(f"the worker on {self.device} failed outside of a run:\n{content}")
        return str(kind)

    def kill(self, cause: str) -> None:
        """Kills the process, even a stopped one; `reap` will name this cause."""
        self.killed_for = self.killed_for or cause
        self.process.kill()

    def reap(self) -> str:
        """Waits for the dead process; returns why it died."""
        self.process.join()
        self.connection.close()
        return self.killed_for or f"its worker on {self.device} died (exit code {self.process.exitcode})"

    def stop(self) -> None:
        """Ends the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.connection.close()


@dataclass(frozen=True)
class Processes:
    """Workers that are processes of this machine, all with the same job."""

    job: Job

    def start(self, device: str) -> Worker:
        """A new process."""
        return Worker.start(self.job, device)

    def wait(self, workers: Sequence[Worker], timeout: float) -> list[Worker]:
        """Those of the workers that have sent a message or are dead."""
        by_connection = {worker.connection: worker for worker in workers}
        return [by_connection[ready] for ready in wait(list(by_connection), timeout)]  # type: ignore[index]


def serve(job: Job, device: str, connection: Connection[Any, Any]) -> None:
    """Trains packs until the parent closes the connection; interrupts are handled by the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warn_in_one_line()
    gc.freeze()  # what was imported stays: a collection after each pack takes a tenth of the time

    def send(kind: str, content: object) -> None:
        try:
            connection.send((kind, content))
        except OSError:  # the parent is gone: nobody would hear of a failure, and it would be none of the run's
            os._exit(1)

    while True:
        try:
            pack = connection.recv()
        except (EOFError, OSError):
            return
        try:
            trained = job(pack, device, lambda content: send("report", content))
            send("later" if trained is False else "done", None)
        except OSError as error:
            send("cannot write", (error.errno, error.strerror or str(error), error.filename))
        except Exception:
            send("error", traceback.format_exc())
