"""Actors of Ray as workers: they are given packs and what is done of them, and send results and events back."""

from __future__ import annotations

import platform
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import ray
from ray.exceptions import GetTimeoutError, RayError, RayTaskError

from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack
from benchmark.records.locks import Locks
from benchmark.records.store import Store
from benchmark.run.environment import versions
from benchmark.run.events import Event, Report
from benchmark.run.pack_queue import AnyWorker, Piece

if TYPE_CHECKING:
    from benchmark.run.worker import Runner

#: Seconds before a pack that another process is training is looked at again.
PAUSE = 1.0
#: Seconds that a message may take to arrive; its node is gone if it takes longer.
ARRIVAL = 60.0
#: Actors that could not be started in a row, after which something is wrong with the cluster.
STARTS = 3


@contextmanager
def _interrupts_as_they_are() -> Iterator[None]:
    """Raises what a signal handler raised within a call of Ray, which Ray's core wraps into a SystemError."""
    try:
        yield
    except SystemError as error:
        if error.__cause__ is None:
            raise
        raise error.__cause__ from None


class Trainer:
    """What runs in an actor: a `Runner` that keeps backbone, data and feature bank from pack to pack."""

    def __init__(self, runner: Runner, device: str) -> None:
        self.runner = runner
        self.device = device
        self.thread = ThreadPoolExecutor(1)

    def ready(self) -> str:
        """The name of this node."""
        return platform.node()

    def train(self, pack: Pack, done: set[str]) -> Iterator[tuple[Any, ...]]:
        """Trains a pack; yields what happens: ("report", event), ("write", run, *result), ("fail", run, cause).

        Raises OSError: a folder of this node that cannot be written.
        """
        sent: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()

        def work() -> None:
            self.runner.train(pack, done, self.device, _Sent(sent), lambda event: sent.put(("report", event)))

        trained: Future[None] = self.thread.submit(work)
        trained.add_done_callback(lambda _: sent.put(None))
        while (message := sent.get()) is not None:
            yield message
        trained.result()


@dataclass(frozen=True)
class _Sent:
    """`benchmark.run.worker.Results` on their way to the process that writes them."""

    messages: SimpleQueue[tuple[Any, ...] | None]

    def write(
        self, run: Run, result: Mapping[str, Any], learned: Mapping[str, Any] | None = None, predictions: bytes = b""
    ) -> None:
        self.messages.put(("write", run, result, learned, predictions))

    def fail(self, run: Run, cause: str) -> None:
        self.messages.put(("fail", run, cause))


@dataclass
class Actors:
    """A crew for `benchmark.run.pool.keep_busy`: actors that take so many CPUs and GPUs each."""

    runner: Runner
    cpus: float
    gpus: float
    failed_starts: int = 0

    def __post_init__(self) -> None:
        self.store, self.locks = Store(self.runner.out), Locks(self.runner.out)
        self.commit = {name: value for name, value in versions().items() if name == "commit"}

    def start(self, device: str) -> ActorWorker:
        """An actor that the cluster places when there is room."""
        kind: Any = ray.remote(num_cpus=self.cpus, num_gpus=self.gpus)(Trainer)
        actor = kind.remote(self.runner, device)
        return ActorWorker(device, self, actor, actor.ready.remote())

    def wait(self, workers: Sequence[ActorWorker], timeout: float) -> list[ActorWorker]:
        """Those of the workers that have sent a message or are dead."""
        now = time.monotonic()
        told = [worker for worker in workers if worker.answers and worker.due <= now]
        asked = [worker for worker in workers if not worker.answers]
        if not asked:
            time.sleep(0 if told else min(timeout, PAUSE))
            return told
        awaited = [worker.awaited for worker in asked]
        with _interrupts_as_they_are():
            ready, _ = ray.wait(awaited, num_returns=1, timeout=0 if told else timeout, fetch_local=False)
            if ready and len(awaited) > 1:
                ready, _ = ray.wait(awaited, num_returns=len(awaited), timeout=0, fetch_local=False)
        return told + [
            worker for worker, sign in zip(asked, awaited, strict=True) if any(sign is each for each in ready)
        ]


@dataclass(eq=False)
class ActorWorker(AnyWorker):
    """An actor as the driver knows it; `awaited` is what it sends next: that it is ready, or messages about a pack."""

    crew: Actors
    actor: Any
    awaited: Any
    node: str = ""
    answers: deque[tuple[str, Any]] = field(default_factory=deque)
    due: float = 0.0
    lock: ExitStack = field(default_factory=ExitStack)

    @property
    def free(self) -> bool:
        """Whether it has been placed, and has no pack."""
        return bool(self.node) and self.piece is None

    def give(self, piece: Piece) -> None:
        """Locks a pack and hands it over, unless another process has it or all of it is done."""
        self.piece, self.silence, pack = piece, 0.0, piece.pack
        if not self.lock.enter_context(self.crew.locks.lock(pack.runs)):
            self.answers.append(("later", None))
            self.due = time.monotonic() + PAUSE
            return
        done = self.crew.store.finished(pack.runs)
        if elsewhere := done - self.crew.runner.done:
            self.answers.append(("report", Event(self.device, "finished", finished=len(elsewhere))))
        if len(done) == len(pack.runs):
            self.answers.append(("done", None))
            return
        self.awaited = self.actor.train.options(num_returns="streaming", name=pack.title).remote(pack, done)

    def receive(self, report: Report) -> str:
        """Reads one message and does what it says; returns its kind.

        Raises OSError: a folder cannot be written, here or on the actor's node. Raises RuntimeError: the job raised
        anything else. Raises EOFError: the actor or its node is dead.
        """
        self.silence = 0.0
        if self.answers:
            kind, content = self.answers.popleft()
        elif not self.node:
            self.node = self._first_word()
            return "ready"
        else:
            kind, *content = self._next()
        match kind, content:
            case "report", Event() as event:
                report(event)
            case "report", [event]:
                report(event)
            case "write", [run, result, learned, predictions]:
                about = {**result, "versions": {**result["versions"], **self.crew.commit}}
                self.crew.store.write(run, about, learned, predictions)
            case "fail", [run, cause]:
                self.crew.store.fail(run, cause)
            case (("done" | "later"), _):
                self.piece = None
                self.lock.close()
        return str(kind)

    def _first_word(self) -> str:
        try:
            with _interrupts_as_they_are():
                node = str(ray.get(self.awaited))
        except RayError as error:
            self.crew.failed_starts += 1
            if self.crew.failed_starts > STARTS:
                raise BadInput(f"Ray cannot start a worker: {str(error).strip().splitlines()[-1]}") from None
            raise EOFError from None
        self.crew.failed_starts = 0
        return node

    def _next(self) -> tuple[Any, ...]:
        try:
            with _interrupts_as_they_are():
                message: tuple[Any, ...] = ray.get(next(self.awaited), timeout=ARRIVAL)
        except StopIteration:
            return ("done", None)
        except RayTaskError as error:
            if isinstance(error.cause, OSError):
                cause = error.cause
                raise OSError(cause.errno, cause.strerror or str(cause), cause.filename) from None
            raise RuntimeError(f"the worker on {self.node} failed outside of a run:\n{error}") from None
        except (RayError, GetTimeoutError):
            raise EOFError from None
        return message

    def kill(self, cause: str) -> None:
        """Kills the actor; `reap` will name this cause."""
        self.killed_for = self.killed_for or cause
        ray.kill(self.actor)

    def reap(self) -> str:
        """Lets go of the dead actor's pack; returns why it died."""
        self.lock.close()
        return self.killed_for or f"its worker on {self.node or 'the cluster'} died"

    def stop(self) -> None:
        """Ends the actor, whatever it does."""
        self.lock.close()
        ray.kill(self.actor)
