"""The local pool: workers share the cores and the memory of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from benchmark.errors import BadInput
from benchmark.run import pool
from benchmark.run.devices import threads_per_worker
from benchmark.run.engines import local, parse_engine
from benchmark.run.workload import Workload


@dataclass
class Job:
    """Stands for a Runner."""

    threads: int = 0
    sharing: Any = None


def test_the_job_learns_its_threads_and_how_many_workers_share_each_device(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Workload[Any]] = []
    monkeypatch.setattr(pool, "map_packs", given.append)
    devices = ["cuda:0", "cuda:0", "cpu"]
    work: Workload[Any] = Workload(Job(), [], devices, lambda *_: None, lambda *_: None, 5.0)
    local.Options().train(work)
    (found,) = given
    assert found.job == Job(threads_per_worker(devices), {"cuda:0": 2, "cpu": 1})
    assert (found.devices, found.timeout) == (devices, 5.0)
    assert work.job == Job(), "what was asked for stays as it was"


def test_devices_that_are_not_written_so_are_refused_before_anything_is_opened() -> None:
    with pytest.raises(BadInput, match="tpu"):
        parse_engine("local").check("tpu")
    parse_engine("local").check("cpu:3")
    assert parse_engine("local").planned("cpu:3", small=True) == 3
