"""A worker process: what it does with packs, what is read from it, and that it ends with its parent."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack
from benchmark.run import process
from benchmark.run.events import Report
from benchmark.run.pack_queue import Deaths, Piece
from benchmark.run.process import Worker


def seeds(count: int, dataset: str = "set0") -> Pack:
    return Pack(tuple(Run("embedded", dataset, "coop", "none", 0.0, 16, seed, "embedded", 1) for seed in range(count)))


@dataclass
class Survivor:
    """Notes in a file when a report cannot be sent, as a run's failure would be."""

    folder: Path

    def __call__(self, pack: Pack, device: str, report: Report) -> None:
        (self.folder / "started").touch()
        for _ in range(100):
            time.sleep(0.05)
            try:
                report("epoch")
            except Exception as error:
                (self.folder / "failed").write_text(repr(error))
                raise


def test_a_worker_whose_parent_is_gone_ends_without_a_failure(tmp_path: Path) -> None:
    worker = Worker.start(Survivor(tmp_path), "cpu")
    worker.connection.send(seeds(1))
    while not (tmp_path / "started").exists():
        time.sleep(0.01)
    worker.connection.close()
    worker.process.join(20)
    assert worker.process.exitcode == 1 and not (tmp_path / "failed").exists()


class Line:
    """A connection whose other end has sent some packs and hung up."""

    def __init__(self, *packs: object) -> None:
        self.packs, self.sent = list(packs), list[Any]()

    def recv(self) -> object:
        if not self.packs:
            raise EOFError
        if isinstance(first := self.packs.pop(0), Exception):
            raise first
        return first

    def send(self, message: object) -> None:
        self.sent.append(message)


def served(monkeypatch: pytest.MonkeyPatch, job: Callable[[Any, str, Report], bool | None], *packs: object) -> Line:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(process, "warn_in_one_line", lambda: None)
    line = Line(*packs)
    process.serve(job, "cpu", line)  # type: ignore[arg-type]
    return line


def test_a_worker_answers_every_pack_until_nobody_sends_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def job(pack: Any, device: str, report: Report) -> bool | None:
        report(f"{pack} on {device}")
        return {"taken": False}.get(pack)

    found = served(monkeypatch, job, "one", "taken").sent
    assert found == [("report", "one on cpu"), ("done", None), ("report", "taken on cpu"), ("later", None)]


def test_errors_are_told_apart_and_do_not_end_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    errors = {"full": OSError(28, "No space left", "/out"), "odd": ValueError("odd")}

    def job(pack: Any, device: str, report: Report) -> None:
        raise errors[pack]

    full, odd = served(monkeypatch, job, "full", "odd").sent
    assert full == ("cannot write", (28, "No space left", "/out"))
    assert odd[0] == "error" and "ValueError: odd" in odd[1]


def worker(*messages: object) -> Worker:
    ended: Any = SimpleNamespace(join=lambda: None, exitcode=3)
    line: Any = Line(*messages)
    return Worker("cpu", ended, line, piece=Piece(seeds(1), Deaths()), silence=7.0)


def test_a_message_breaks_the_silence_and_the_last_of_a_pack_frees_the_worker() -> None:
    heard: list[object] = []
    one = worker(("report", "epoch"), ("done", None))
    assert one.receive(heard.append) == "report" and heard == ["epoch"]
    assert (one.silence, one.free) == (0.0, False)
    assert one.receive(heard.append) == "done" and one.free


def test_errors_of_the_job_and_the_end_of_the_process_are_raised_here() -> None:
    with pytest.raises(OSError, match="No space") as full:
        worker(("cannot write", (28, "No space", "/out"))).receive(print)
    assert full.value.errno == 28
    with pytest.raises(RuntimeError, match="worker on cpu failed outside of a run:\\nTraceback"):
        worker(("error", "Traceback")).receive(print)
    with pytest.raises(EOFError):
        worker(ConnectionResetError()).receive(print)


def test_the_first_cause_of_a_death_is_named_else_its_exit_code() -> None:
    one, other = worker(), worker()
    for each in (one, other):
        each.connection.close = lambda: None  # type: ignore[method-assign]
        each.process.kill = lambda: None
    one.kill("no progress for 3 s")
    one.kill("another cause")
    assert one.reap() == "no progress for 3 s" and other.reap() == "its worker on cpu died (exit code 3)"
