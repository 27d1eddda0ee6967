"""The Ray engine on a real Ray of this machine: records, failures, deaths and errors of actors arrive here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray
from ray.cluster_utils import Cluster

from benchmark.errors import BadInput
from benchmark.plan.packs import Pack
from benchmark.records.store import Store
from benchmark.run.engines import parse_engine
from tests.benchmark.run.engines.jobs import PACK, Heard, Job


def test_without_a_cluster_one_line_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def init(*_: Any, **__: Any) -> None:
        raise ConnectionError("Could not find any running Ray instance.\nmore")

    monkeypatch.setattr(ray, "init", init)
    with pytest.raises(BadInput, match=r"no Ray cluster at 'auto' \(Could not find any running Ray instance.\); start"):
        parse_engine("ray").devices("auto", True, 1)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A Ray of two cores."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_AUTH_MODE", "disabled")  # else a token is written into the home folder
        nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
        try:
            yield nodes.address
        finally:
            ray.shutdown()
            nodes.shutdown()


def test_records_and_failures_arrive_here_and_a_run_that_kills_its_actor_costs_no_other(
    tmp_path: Path, address: str
) -> None:
    engine, heard = parse_engine(f"ray[address={address}]"), Heard()
    engine.check("auto")
    assert engine.planned("auto", True) == 1 and engine.devices("auto", True, 9) == ["cpu", "cpu"]
    packs = [Pack(PACK.runs[:2]), Pack(PACK.runs[2:])]
    engine.train(heard.of(Job(tmp_path, fails=4, kills=2), *packs, workers=2))
    store = Store(tmp_path)
    assert {record.run.seed for record in store.load().records} == {1, 3}
    assert [failure.run.seed for failure in store.failures()] == [4]
    assert [pack.runs[0].seed for pack, _ in heard.lost] == [2] and "its worker on" in heard.lost[0][1]
    assert not ray.is_initialized()


def test_errors_of_a_node_s_disk_and_of_a_job_are_errors_here(tmp_path: Path, address: str) -> None:
    engine = parse_engine(f"ray[address={address},workers=1]")
    with pytest.raises(OSError, match="No space left"):
        engine.train(Heard().of(Job(tmp_path, raises=OSError(28, "No space left on device", "/cache"))))
    with pytest.raises(RuntimeError, match="failed outside of a run"):
        engine.train(Heard().of(Job(tmp_path, raises=ZeroDivisionError("no"))))


def test_a_cluster_without_room_is_described(address: str) -> None:
    with pytest.raises(BadInput, match="no node of the Ray cluster has 9 CPUs and 0 GPUs for a worker"):
        parse_engine(f"ray[address={address},cpus=9]").devices("auto", True, 1)
