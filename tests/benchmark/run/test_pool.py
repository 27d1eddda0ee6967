"""Packs over devices: workers that die or hang are replaced, guilty runs stand alone, a full disk stops everything."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmark.plan.axes import Run
from benchmark.plan.packs import Pack
from benchmark.run import pool
from benchmark.run.events import Event, Report
from benchmark.run.pool import map_packs
from benchmark.run.workload import Workload


def packs(count: int) -> list[Pack]:
    return [Pack((Run("embedded", f"set{n}", "coop", "none", 0.0, 16, 1, "embedded", 1),)) for n in range(count)]


def name(pack: Pack) -> str:
    return pack.runs[0].dataset


@dataclass
class Job:
    """Leaves a file per call; what it does then hangs on the pack's name."""

    folder: Path

    def __call__(self, pack: Pack, device: str, report: Report) -> None:
        calls = len(list(self.folder.glob(f"{name(pack)}-*")))
        (self.folder / f"{name(pack)}-{calls}-{os.getpid()}").touch()
        time.sleep(0.05)
        match name(pack), calls:
            case ("set1", 0) | ("set2", _):
                os.kill(os.getpid(), signal.SIGKILL)
            case ("set9", _):
                raise OSError(errno.ENOSPC, "No space left on device", "results/runs/a.json")
            case ("set8", _):
                raise RuntimeError("the disk is full")
        report((name(pack), device))


@dataclass
class Guilty:
    """Reports the seeds that it trains, unless one of the guilty is among them: that ends or stops its process."""

    seeds: frozenset[int]
    how: str = "kill"

    def __call__(self, pack: Pack, device: str, report: Report) -> None:
        if self.seeds & {run.seed for run in pack.runs}:
            match self.how:
                case "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                case "exit":
                    os._exit(5)
                case "sys.exit":
                    sys.exit(5)
                case "hang":
                    time.sleep(60)
                case "stop":
                    os.kill(os.getpid(), signal.SIGSTOP)
        report([run.seed for run in pack.runs])


def seeds(count: int, dataset: str = "set0") -> Pack:
    return Pack(tuple(Run("embedded", dataset, "coop", "none", 0.0, 16, seed, "embedded", 1) for seed in range(count)))


def run(
    job: Any, todo: list[Pack], devices: list[str], timeout: float = 0
) -> tuple[list[Any], list[Event], list[tuple[Pack, str]]]:
    """What was reported, what happened to workers, and the packs that were given up."""
    reports: list[Any] = []
    lost: list[tuple[Pack, str]] = []
    on_event, on_lost = lambda worker, what: reports.append(what), lambda pack, cause: lost.append((pack, cause))
    map_packs(Workload(job, todo, devices, on_event, on_lost, timeout))
    events = [what for what in reports if isinstance(what, Event)]
    return [what for what in reports if not isinstance(what, Event)], events, lost


@pytest.mark.parametrize("devices", [["cpu"], ["cpu", "cpu"]])
def test_packs_are_trained_outside_of_this_process(tmp_path: Path, devices: list[str]) -> None:
    reports, events, lost = run(Job(tmp_path), [packs(4)[0], packs(4)[3]], devices)
    assert sorted(reports) == [("set0", "cpu"), ("set3", "cpu")] and not lost and not events
    pids = {path.name.split("-")[2] for path in tmp_path.iterdir()}
    assert str(os.getpid()) not in pids and len(pids) <= len(devices)


def test_a_killed_worker_is_replaced_and_its_pack_goes_again_once(tmp_path: Path) -> None:
    reports, events, lost = run(Job(tmp_path), packs(4), ["cpu", "cpu"])
    assert sorted(reports) == [("set0", "cpu"), ("set1", "cpu"), ("set3", "cpu")]
    assert [(name(pack), cause) for pack, cause in lost] == [("set2", "its worker on cpu died (exit code -9)")]
    calls = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert {pack: calls.count(pack) for pack in calls} == {"set0": 1, "set1": 2, "set2": 2, "set3": 1}
    assert not any(path.name.endswith(f"-{os.getpid()}") for path in tmp_path.iterdir())
    assert sorted(event.text.split("; ")[-1] for event in events) == [
        "given up",
        "it is tried again",
        "it is tried again",
    ]


@pytest.mark.parametrize(("how", "code", "workers"), [("kill", -9, 1), ("exit", 5, 3), ("sys.exit", 5, 1)])
def test_a_pack_that_kills_its_worker_is_halved_until_the_guilty_run_stands_alone(
    how: str, code: int, workers: int
) -> None:
    guilty = frozenset({2, 5})
    reports, events, lost = run(Guilty(guilty, how), [seeds(8), packs(2)[1]], ["cpu"] * workers)
    assert sorted(seed for seeds in reports for seed in seeds) == sorted([1, 0, 1, 3, 4, 6, 7])
    assert sorted(pack.runs[0].seed for pack, _ in lost) == [2, 5] and all(len(pack.runs) == 1 for pack, _ in lost)
    assert {cause for _, cause in lost} == {f"its worker on cpu died (exit code {code})"}
    assert len([event for event in events if event.what == "died"]) == 2 + 2 * 3


def test_other_packs_are_trained_before_the_parts_of_one_that_kills() -> None:
    reports, _, _ = run(Guilty(frozenset({3})), [seeds(4), *packs(3)[1:]], ["cpu"])
    assert reports[:2] == [[1], [1]] and sorted(reports[2:]) == [[0, 1], [2]]


@pytest.mark.parametrize("how", ["hang", "stop"])
def test_a_worker_without_progress_is_killed_after_the_timeout(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "TICK", 0.1)
    start = time.monotonic()
    reports, _, lost = run(Guilty(frozenset({1}), how), [seeds(2)], ["cpu"], timeout=1.5)
    assert reports == [[0]] and [(pack.runs[0].seed, cause) for pack, cause in lost] == [(1, "no progress for 1.5 s")]
    assert time.monotonic() - start < 20


@dataclass
class Slow:
    """Reports, then is silent for a second, `times` times."""

    times: int
    silence: float

    def __call__(self, pack: Pack, device: str, report: Report) -> None:
        for _ in range(self.times):
            report("epoch")
            time.sleep(self.silence)


def test_a_pack_that_stands_still_is_named_once_per_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "TICK", 0.1)
    monkeypatch.setattr(pool, "QUIET", 0.5)
    heard: list[Any] = []
    pack = seeds(3, "pets")
    map_packs(Workload(Slow(2, 1.2), [pack], ["cpu"], lambda _, what: heard.append(what), lambda *_: None))
    quiet = Event("cpu", "quiet", "no progress for 0.5 s: pets · 3 runs; --timeout would stop it")
    assert heard[heard.index("epoch") :] == ["epoch", quiet] * 2  # before, the process may take long to start


def test_progress_keeps_a_slow_pack_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "TICK", 0.1)
    reports, events, lost = run(Slow(4, 0.5), [seeds(3)], ["cpu"], timeout=1.5)
    assert len(reports) == 4 and not events and not lost


def test_a_folder_that_cannot_be_written_stops_all_workers(tmp_path: Path) -> None:
    todo = [packs(10)[9], *packs(1)]
    with pytest.raises(OSError, match="No space left") as caught:
        run(Job(tmp_path), todo, ["cpu", "cpu"])
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, "results/runs/a.json")


def test_an_error_outside_of_a_run_says_where_it_was_raised(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"(?s)the worker on cpu failed outside of a run.*the disk is full"):
        run(Job(tmp_path), [packs(9)[8]], ["cpu"])
