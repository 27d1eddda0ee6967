"""The Slurm engine with submitit's real executor, real processes, and programs that refuse what Slurm refuses."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.errors import BadInput
from benchmark.plan.packs import Pack
from benchmark.records.store import Store
from benchmark.run.engines import _array, parse_engine
from tests.benchmark.run.engines.jobs import PACK, Heard, Job
from tests.support import pretend_slurm

ENGINE = "slurm[parallel=2,time=10m,partition=main]"


@pytest.fixture(autouse=True)
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a pretended Slurm, whose programs are on the path."""
    state = tmp_path / "pretended"
    for name, value in pretend_slurm.install(state).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(_array, "TICK", 0.05)
    monkeypatch.setattr(_array, "ASK", 0.1)
    yield state
    for path in state.glob("job-*"):
        pretend_slurm.scancel(state, f"--name={path.read_text()}", "--user=me")


def test_packs_are_trained_in_tasks_and_told_of_and_written_once(tmp_path: Path) -> None:
    engine, heard = parse_engine(ENGINE), Heard()
    engine.check("auto")
    halves = [Pack(PACK.runs[:2]), Pack(PACK.runs[2:])]
    assert engine.devices("auto", False, len(halves)) == ["cpu", "cpu"]
    engine.train(heard.of(Job(tmp_path / "out", fails=3), *halves))
    store = Store(tmp_path / "out")
    assert [record.run.seed for record in sorted(store.load().records, key=lambda one: one.run.seed)] == [1, 2, 4]
    assert [failure.cause for failure in store.failures()] == ["out of luck"]
    assert sum(event.finished for event in heard.events) == 4 and not heard.lost
    assert heard.texts("note") == ["submitted 2 tasks as job 1"]
    assert {event.device for event in heard.events if event.what == "epoch"} <= {"node0 cpu", "node1 cpu"}


def test_a_run_that_kills_its_worker_is_given_up_and_costs_no_other(tmp_path: Path) -> None:
    heard = Heard()
    parse_engine("slurm[parallel=1]").train(heard.of(Job(tmp_path, kills=2)))
    store = Store(tmp_path)
    assert {record.run.seed for record in store.load().records} == {1, 3, 4}
    assert [failure.run.seed for failure in store.failures()] == [2]
    assert heard.texts("failed") and "died" in heard.texts("failed")[0]


def test_what_slurm_refuses_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"Slurm refuses the tasks: .*invalid partition specified: gpu"):
        parse_engine("slurm[partition=gpu]").train(Heard().of(Job(tmp_path)))


def test_tasks_that_cannot_begin_end_the_campaign_with_their_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(print('no module named torch') or 1)")
    with pytest.raises(BadInput, match=r"end before they begin: .*; see .*_0_log.out"):
        parse_engine("slurm[parallel=1]").train(Heard().of(Job(tmp_path / "out")))


def test_a_detached_campaign_works_on_and_the_same_command_follows_it(tmp_path: Path, slurm: Path) -> None:
    heard = Heard()
    parse_engine("slurm[parallel=1]", detach=True).train(heard.of(Job(tmp_path)))
    assert len(heard.texts("note")) == 2 and not Store(tmp_path).failures()
    parse_engine("slurm[parallel=1]").train(heard.of(Job(tmp_path)))
    assert len(Store(tmp_path).load().records) == 4
    assert heard.texts("note")[2:] in (["1 task of this grid there already"], ["submitted 1 task as job 2"])


def test_a_controller_that_is_away_for_a_while_ends_nothing(tmp_path: Path, slurm: Path) -> None:
    array = _array.Array(Heard().of(Job(tmp_path)), 1, {"cpus_per_task": 1})
    _array.private(array.folder)
    array._submit(1)
    known = array._alive()
    (slurm / "down").touch()
    assert array._alive() == known
    (slurm / "down").unlink()
    array._cancel()
    end = time.monotonic() + 20
    while array._alive():
        assert time.monotonic() < end
