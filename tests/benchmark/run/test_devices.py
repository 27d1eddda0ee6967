"""Which devices a user means, and how many workers share them."""

from __future__ import annotations

import pytest

from benchmark.errors import BadInput
from benchmark.run import devices
from benchmark.run.devices import parse_devices, planned_workers, threads_per_worker


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr(devices, "cores", lambda: 8)
    return monkeypatch


def test_without_a_gpu_a_large_model_has_one_worker_and_a_small_one_a_worker_per_core(
    machine: pytest.MonkeyPatch,
) -> None:
    assert parse_devices("auto", small=False, packs=20) == ["cpu"]
    assert parse_devices("auto", small=True, packs=20) == ["cpu"] * 8


def test_there_are_no_more_workers_than_packs(machine: pytest.MonkeyPatch) -> None:
    assert parse_devices("auto", small=True, packs=3) == ["cpu"] * 3
    assert parse_devices("cpu:4", packs=2) == ["cpu"] * 2


def test_auto_takes_every_gpu_and_puts_small_packs_side_by_side(machine: pytest.MonkeyPatch) -> None:
    machine.setattr("torch.cuda.device_count", lambda: 2)
    assert parse_devices("auto", packs=20) == ["cuda:0", "cuda:1"]
    assert parse_devices("auto", small=True, packs=20) == ["cuda:0", "cuda:1"] * 4
    assert parse_devices("auto", small=True, packs=3) == ["cuda:0", "cuda:1", "cuda:0"]
    assert parse_devices("0,0,1", packs=20) == ["cuda:0", "cuda:0", "cuda:1"]


def test_a_gpu_that_is_named_twice_gets_two_workers(machine: pytest.MonkeyPatch) -> None:
    machine.setattr("torch.cuda.device_count", lambda: 2)
    assert parse_devices("0,0,1,1", packs=20) == ["cuda:0", "cuda:0", "cuda:1", "cuda:1"]
    assert parse_devices(" 1, 1", packs=1) == ["cuda:1"]


def test_workers_side_by_side_on_gpus_are_as_many_as_cores_feed(machine: pytest.MonkeyPatch) -> None:
    for gpus, workers in [(1, 4), (2, 8), (4, 8), (8, 8), (16, 16)]:
        machine.setattr("torch.cuda.device_count", lambda gpus=gpus: gpus)
        assert len(parse_devices("auto", small=True, packs=100)) == workers


def test_a_gpu_that_is_not_there_is_named(machine: pytest.MonkeyPatch) -> None:
    machine.setattr("torch.cuda.device_count", lambda: 2)
    with pytest.raises(BadInput, match="GPU 2, 5 does not exist; this machine has GPUs 0 to 1"):
        parse_devices("0,2,5,2", packs=1)


def test_the_plan_counts_workers_without_looking_for_a_gpu(machine: pytest.MonkeyPatch) -> None:
    machine.setattr("torch.cuda.device_count", lambda: pytest.fail("asked torch"))
    counts = {text: planned_workers(text, small=False) for text in ("auto", "cpu", "cpu:3", "0,1,1")}
    assert counts == {"auto": 1, "cpu": 1, "cpu:3": 3, "0,1,1": 3}
    assert planned_workers("auto", small=True) == 8
    with pytest.raises(BadInput, match="should be auto, cpu"):
        planned_workers("tpu", small=False)


def test_workers_on_the_cpu_share_its_cores(machine: pytest.MonkeyPatch) -> None:
    assert threads_per_worker(["cpu"]) == 0
    assert threads_per_worker(["cpu"] * 3) == 2
    assert threads_per_worker(["cpu"] * 20) == 1
    assert threads_per_worker(["cuda:0"] * 4) == 0
