"""Packs over devices: workers that die are replaced, bad input stops everything, one device needs no worker."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import BadInput
from benchmark.plan.grid import Run
from benchmark.plan.packs import Pack
from benchmark.run.pool import Report, map_packs


def packs(count: int) -> list[Pack]:
    return [Pack((Run("embedded", f"set{n}", "coop", "none", 0.0, 16, 1, 1),)) for n in range(count)]


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
                raise BadInput("no such thing")
        report((name(pack), device))


def run(folder: Path, todo: list[Pack], devices: list[str]) -> tuple[list[Any], list[tuple[str, str]]]:
    reports: list[Any] = []
    lost: list[tuple[str, str]] = []
    map_packs(
        Job(folder),
        todo,
        devices,
        lambda worker, what: reports.append(what),
        lambda pack, cause: lost.append((name(pack), cause)),
    )
    return reports, lost


def test_one_device_works_in_this_process(tmp_path: Path) -> None:
    reports, lost = run(tmp_path, [packs(4)[0], packs(4)[3]], ["cpu"])
    assert reports == [("set0", "cpu"), ("set3", "cpu")] and not lost
    assert all(path.name.endswith(f"-{os.getpid()}") for path in tmp_path.iterdir())


def test_a_killed_worker_is_replaced_and_its_pack_goes_again_once(tmp_path: Path) -> None:
    reports, lost = run(tmp_path, packs(4), ["cpu", "cpu"])
    assert sorted(reports) == [("set0", "cpu"), ("set1", "cpu"), ("set3", "cpu")]
    assert lost == [("set2", "its worker on cpu died (exit code -9)")]
    calls = [path.name.split("-")[0] for path in tmp_path.iterdir()]
    assert {pack: calls.count(pack) for pack in calls} == {"set0": 1, "set1": 2, "set2": 2, "set3": 1}
    assert not any(path.name.endswith(f"-{os.getpid()}") for path in tmp_path.iterdir())


def test_bad_input_in_a_worker_stops_all_of_them(tmp_path: Path) -> None:
    todo = [packs(10)[9], *packs(1)]
    with pytest.raises(BadInput, match="no such thing"):
        run(tmp_path, todo, ["cpu", "cpu"])
