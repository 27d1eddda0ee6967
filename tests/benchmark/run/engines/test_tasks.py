"""What a task of a Slurm array does with packs that others train, failed, or died over; and how it is followed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import BadInput
from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack
from benchmark.records.attempts import Attempts
from benchmark.records.locks import Locks
from benchmark.records.store import Store
from benchmark.run.engines import _array
from benchmark.run.engines._array import Array
from benchmark.run.engines._tasks import TaskJob, Told, read_plan, write_plan
from benchmark.run.events import Event
from benchmark.run.workload import Workload
from tests.benchmark.records.test_attempts import leave
from tests.support.records_factory import result, run

PACK = Pack(tuple(run(seed=seed) for seed in (1, 2, 3, 4)))


@dataclass
class Runner:
    """Writes the records of what it is given, without training."""

    out: Path
    grid: str = "g"
    done: frozenset[str] = frozenset()
    calls: list[list[int]] = field(default_factory=list)

    def train(self, pack: Pack, done: set[str], device: str, store: Store, report: Any) -> None:
        self.calls.append([run.seed for run in pack.runs])
        for each in pack.runs:
            if each.key not in done:
                store.write(each, result(run=each))


def train(runner: Any, holder: str = "9-0") -> list[Any]:
    events: list[Any] = []
    TaskJob(runner, holder)(PACK, "cpu", events.append)
    return events


def test_a_pack_is_trained_once_and_leaves_no_mark(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    train(runner)
    train(runner, "10-0")
    assert runner.calls == [[1, 2, 3, 4]] and Attempts(tmp_path, "11-0").deaths(PACK.runs) == 0


def test_a_pack_that_another_task_is_training_is_passed_over(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    with Locks(tmp_path).lock(PACK.runs):
        train(runner)
    assert not runner.calls


def test_runs_that_failed_in_another_task_are_not_tried_again(tmp_path: Path) -> None:
    runner, store = Runner(tmp_path), Store(tmp_path)
    for each in PACK.runs[:2]:
        store.write(each, result(run=each))
    for each in PACK.runs[2:]:
        store.fail(each, "out of luck")
    train(runner)
    assert not runner.calls


def test_a_pack_goes_again_once_after_a_task_died_over_it_and_then_in_halves(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    mark(tmp_path, "7-0", PACK.runs)
    train(runner)
    assert runner.calls == [[1, 2, 3, 4]]
    runner = Runner(tmp_path / "other")
    for holder in ("7-0", "8-0"):
        mark(runner.out, holder, PACK.runs)
    train(runner)
    assert runner.calls == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("deaths", "trained"), [(0, [[1, 2, 3, 4]]), (1, [[1, 2, 3, 4]]), (2, [[1, 2], [3, 4]]), (9, [[1, 2], [3, 4]])]
)
def test_a_whole_pack_has_two_chances(tmp_path: Path, deaths: int, trained: list[list[int]]) -> None:
    runner = Runner(tmp_path)
    for number in range(deaths):
        mark(tmp_path, f"{number}-0", PACK.runs)
    train(runner, "99-0")
    assert runner.calls == trained


def test_a_part_has_one_chance_and_then_goes_in_halves_of_its_own(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    for holder, runs in (("1-0", PACK.runs), ("2-0", PACK.runs), ("3-0", PACK.runs[:2])):
        mark(tmp_path, holder, runs)
    train(runner)
    assert runner.calls == [[1], [2], [3, 4]]


def test_the_run_that_kills_its_task_stands_alone_in_the_end_and_is_given_up(tmp_path: Path) -> None:
    runner = Runner(tmp_path)
    for holder, runs in (("5-0", PACK.runs), ("6-0", PACK.runs), ("7-0", PACK.runs[:2]), ("8-0", PACK.runs[1:2])):
        mark(tmp_path, holder, runs)
    events = train(runner)
    assert runner.calls == [[1], [3, 4]]
    assert [failure.run.seed for failure in Store(tmp_path).failures()] == [2]
    assert [event.what for event in events] == ["failed"] and "1 task died" in events[0].text


def mark(out: Path, holder: str, runs: Sequence[Run]) -> None:
    """What a task leaves that is killed while it trains these runs."""
    folder = out / "locks" / "begun"
    with Attempts(out, holder).mark(runs):
        (path,) = folder.glob(f"*.{holder}")
    path.touch()


def test_a_plan_reads_back_as_it_was_written(tmp_path: Path) -> None:
    write_plan(tmp_path / "plan.json", [PACK, Pack(PACK.runs[:1])])
    assert read_plan(tmp_path / "plan.json") == [PACK, Pack(PACK.runs[:1])]


def test_events_are_read_once_and_whole_and_old_ones_not_at_all(tmp_path: Path) -> None:
    line = json.dumps({"worker": 0, "device": "n1 cpu", "what": "epoch", "text": "x", "done": 1, "finished": 3})
    (tmp_path / "1_0.jsonl").write_text(line + "\n")
    told = Told(tmp_path)
    assert told.news() == []
    with (tmp_path / "1_0.jsonl").open("a") as file:
        file.write(line + "\n" + line[:20])
    (tmp_path / "1_1.jsonl").write_text(line + "\n")
    event = Event("n1 cpu", "epoch", "x", 1)
    assert told.news() == [(0, event), (1, event)] and told.news() == []
    with (tmp_path / "1_0.jsonl").open("a") as file:
        file.write(line[20:] + "\n")
    assert told.news() == [(0, event)]


@dataclass
class Cluster:
    """Slurm, pretended: tasks end one by one, each as `ends` says ("" for well), and train what `trains` says."""

    array: Array
    ends: list[str]
    trains: list[list[Run]]
    alive: set[str] = field(default_factory=set)
    submitted: int = 0
    cancelled: bool = False

    def submit(self, tasks: int) -> None:
        names = {f"1_{self.submitted + number}" for number in range(tasks)}
        self.submitted += tasks
        self.alive |= names
        self.array._known |= names

    def ask(self) -> set[str]:
        if self.submitted and self.alive:
            for each in self.trains.pop(0) if self.trains else []:
                Store(self.array.out).write(each, result(run=each))
            self.alive.discard(min(self.alive))
        return set(self.alive)


def work(runner: Any, events: list[Any] | None = None, lost: list[Any] | None = None) -> Workload[Any]:
    heard, given_up = (found if found is not None else [] for found in (events, lost))
    return Workload(runner, [PACK], ["cpu"], lambda _, event: heard.append(event), lambda *what: given_up.append(what))


def follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: list[str], trains: list[list[Run]]) -> Any:
    events: list[Any] = []
    lost: list[Any] = []
    array = Array(work(Runner(tmp_path), events, lost), 1, {})
    cluster = Cluster(array, ends, trains)
    monkeypatch.setattr(_array, "TICK", 0)
    monkeypatch.setattr(_array, "ASK", 0)
    monkeypatch.setattr(array, "_alive", cluster.ask)
    monkeypatch.setattr(array, "_submit", cluster.submit)
    monkeypatch.setattr(array, "_cancel", lambda: setattr(cluster, "cancelled", True))
    monkeypatch.setattr(array, "_why", lambda task: ends.pop(0) if ends else "killed")
    try:
        array.train(detach=False)
    finally:
        assert cluster.cancelled
    return cluster, events, lost


def test_runs_are_counted_by_their_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, events, lost = follow(tmp_path, monkeypatch, [""], [list(PACK.runs)])
    assert sum(event.finished for event in events) == 4 and not lost


def test_a_task_that_dies_is_replaced_and_its_log_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, events, lost = follow(tmp_path, monkeypatch, ["oom-kill", ""], [list(PACK.runs[:2]), list(PACK.runs[2:])])
    assert cluster.submitted == 2 and not lost
    (died,) = [event.text for event in events if event.what == "died"]
    assert died.startswith("task 1_0: oom-kill; its log is ") and "1_0_0_log.out" in died


def test_tasks_that_end_before_they_begin_stop_the_campaign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="Slurm tasks end before they begin: no module named torch; see"):
        follow(tmp_path, monkeypatch, ["no module named torch"] * 9, [])


def test_runs_without_end_are_given_up_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = tmp_path / "slurm" / Array(work(Runner(tmp_path)), 1, {}).name
    events.mkdir(parents=True)
    for number in range(100):
        (events / f"1_{number}.jsonl").touch()
    cluster, _, lost = follow(tmp_path, monkeypatch, ["killed"] * 200, [])
    assert lost == [(PACK, "killed")] and cluster.submitted < 60


def test_old_notes_and_marks_are_gone_when_a_campaign_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(tmp_path).fail(PACK.runs[0], "long ago")
    leave(tmp_path, "7-0")
    follow(tmp_path, monkeypatch, [""], [list(PACK.runs)])
    assert not Store(tmp_path).failures() and not list((tmp_path / "locks" / "begun").glob("*"))


def test_the_name_of_the_tasks_is_that_of_folder_and_grid(tmp_path: Path) -> None:
    names = {
        Array(work(Runner(tmp_path / out, grid)), 1, {}).name
        for out, grid in (("a", "1"), ("a", "2"), ("b", "1"), ("a", "1"))
    }
    assert len(names) == 3
