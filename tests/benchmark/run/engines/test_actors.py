"""What an actor sends and what is done with it here: records written, packs locked, deaths noticed; Ray pretended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.errors import BadInput, Interrupted
from benchmark.plan.packs import Pack
from benchmark.records.locks import Locks
from benchmark.records.store import Store
from benchmark.run.events import Event
from benchmark.run.pack_queue import Deaths, Piece
from benchmark.run.pool import keep_busy
from benchmark.run.workload import Workload
from tests.support.records_factory import predictions, result, run

pytest.importorskip("ray", reason="Ray is not installed: pip install 'promptnoise[ray]'")

from ray.exceptions import ActorDiedError

from benchmark.run.engines import _actors
from benchmark.run.engines._actors import Actors, ActorWorker, Trainer

PACK = Pack((run(seed=1), run(seed=2)))


@dataclass
class Runner:
    """Finishes the first run of a pack, and fails the others."""

    out: Path
    done: frozenset[str] = frozenset()
    raises: Exception | None = None

    def train(self, pack: Pack, done: set[str], device: str, results: Any, report: Any) -> None:
        report(Event(device, "epoch"))
        if self.raises:
            raise self.raises
        results.write(pack.runs[0], result(run=pack.runs[0]), {"ctx": np.ones(3, np.float32)}, predictions())
        for each in pack.runs[1:]:
            results.fail(each, "out of luck")
        report(Event(device, "finished", finished=len(pack.runs)))


@dataclass
class Actor:
    """An actor in this process; from its `dies_after`-th message on it is dead."""

    runner: Any
    device: str
    dies_after: int = 100
    given: list[Pack] = field(default_factory=list)
    killed: bool = False

    @property
    def train(self) -> Any:
        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=self._messages))

    def _messages(self, pack: Pack, done: set[str]) -> Iterator[Any]:
        self.given.append(pack)
        for number, message in enumerate(Trainer(self.runner, self.device).train(pack, done)):
            if number >= self.dies_after:
                raise ActorDiedError
            yield message


def get(value: Any, timeout: float = 0) -> Any:
    if isinstance(value, Exception):
        raise value
    return value


@pytest.fixture(autouse=True)
def pretended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray's calls: everything is there at once, and to kill an actor is to mark it."""
    monkeypatch.setattr(_actors.ray, "get", get)
    monkeypatch.setattr(_actors.ray, "kill", lambda actor: setattr(actor, "killed", True))
    monkeypatch.setattr(_actors.ray, "wait", lambda awaited, **_: (awaited, []))
    monkeypatch.setattr(_actors, "PAUSE", 0.0)


def worker(runner: Any, **more: Any) -> ActorWorker:
    one = ActorWorker("cpu", Actors(runner, 1, 0), Actor(runner, "cpu", **more), "node-1")
    assert not one.free and one.receive(lambda event: None) == "ready" and one.free
    return one


def to_the_end(one: ActorWorker) -> tuple[str, list[Any]]:
    events: list[Any] = []
    while one.piece is not None:
        kind = one.receive(events.append)
    return kind, events


def test_records_arrays_and_failures_are_written_here(tmp_path: Path) -> None:
    one, store = worker(Runner(tmp_path)), Store(tmp_path)
    one.give(Piece(PACK, Deaths()))
    kind, events = to_the_end(one)
    assert kind == "done" and [event.what for event in events] == ["epoch", "finished"]
    (record,) = store.load().records
    assert record.run == PACK.runs[0] and store.learned(record)["ctx"].shape == (3,)
    assert len(store.predictions(record)) == 5
    assert record.versions.get("commit") == one.crew.commit.get("commit")
    assert [failure.run for failure in store.failures()] == [PACK.runs[1]]


def test_a_pack_is_claimed_while_it_is_trained(tmp_path: Path) -> None:
    one = worker(Runner(tmp_path))
    one.give(Piece(PACK, Deaths()))
    with Locks(tmp_path).lock(PACK.runs) as ours:
        assert not ours
    to_the_end(one)
    with Locks(tmp_path).lock(PACK.runs) as ours:
        assert ours


def test_a_pack_of_another_process_comes_later_and_a_finished_one_is_not_sent(tmp_path: Path) -> None:
    one = worker(Runner(tmp_path))
    with Locks(tmp_path).lock(PACK.runs):
        one.give(Piece(PACK, Deaths()))
        assert to_the_end(one) == ("later", [])
    for each in PACK.runs:
        Store(tmp_path).write(each, result(run=each))
    one.give(Piece(PACK, Deaths()))
    kind, events = to_the_end(one)
    assert kind == "done" and [event.finished for event in events] == [2] and not one.actor.given


def test_a_dead_actor_frees_its_pack_and_keeps_what_it_had_sent(tmp_path: Path) -> None:
    one = worker(Runner(tmp_path), dies_after=2)
    one.give(Piece(PACK, Deaths()))
    with pytest.raises(EOFError):
        to_the_end(one)
    assert one.reap() == "its worker on node-1 died" and len(Store(tmp_path).load().records) == 1
    with Locks(tmp_path).lock(PACK.runs) as ours:
        assert ours


def test_a_pack_whose_actors_die_goes_on_in_halves_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    def start(crew: Actors, device: str) -> ActorWorker:
        started.append(Actor(crew.runner, device, dies_after=1 if len(started) < 2 else 100))
        return ActorWorker(device, crew, started[-1], "node")

    monkeypatch.setattr(Actors, "start", start)
    runner: Any = Runner(tmp_path)
    events: list[Any] = []
    work: Workload[Any] = Workload(runner, [PACK], ["cpu"], lambda number, event: events.append(event), lambda *_: None)
    keep_busy(Actors(runner, 1, 0), work)
    assert [len(pack.runs) for actor in started for pack in actor.given] == [2, 2, 1, 1]
    assert [event.text.rpartition("; ")[2] for event in events if event.what == "died"] == [
        "it is tried again", "it is tried again in halves",
    ]  # fmt: skip
    assert len(Store(tmp_path).load().records) == 2 and started[-1].killed


def test_a_full_disk_on_a_node_is_an_error_of_the_system_here(tmp_path: Path) -> None:
    trainer = Trainer(Runner(tmp_path, raises=OSError(28, "No space left on device", "/cache")), "cpu")  # type: ignore[arg-type]
    with pytest.raises(OSError, match="No space left"):
        list(trainer.train(PACK, set()))


def test_actors_that_cannot_be_started_stop_the_campaign(tmp_path: Path) -> None:
    runner: Any = Runner(tmp_path)
    crew = Actors(runner, 1, 0)
    with pytest.raises(BadInput, match="Ray cannot start a worker"):
        for _ in range(9):
            with pytest.raises(EOFError):
                ActorWorker("cpu", crew, None, ActorDiedError()).receive(lambda event: None)


def test_an_interrupt_within_a_call_of_ray_ends_the_campaign_as_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: Any, **__: Any) -> Any:
        raise SystemError("returned a result with an exception set") from Interrupted()

    monkeypatch.setattr(_actors.ray, "wait", wait)
    one = worker(Runner(tmp_path))
    one.give(Piece(PACK, Deaths()))
    with pytest.raises(Interrupted):
        one.crew.wait([one], 1.0)


def test_a_later_pack_does_not_keep_the_driver_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_actors, "PAUSE", 0.3)
    one = worker(Runner(tmp_path))
    with Locks(tmp_path).lock(PACK.runs):
        one.give(Piece(PACK, Deaths()))
        start = time.monotonic()
        while not one.crew.wait([one], 1.0):
            pass
        assert time.monotonic() - start >= 0.25
