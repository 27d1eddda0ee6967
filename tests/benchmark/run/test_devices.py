"""Which devices a user means, and how many workers share them."""

from __future__ import annotations

import pytest

from benchmark.run import devices
from benchmark.run.devices import parse_devices, threads_per_worker


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    monkeypatch.setattr(devices, "_cores", lambda: 8)
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


def test_workers_on_the_cpu_share_its_cores(machine: pytest.MonkeyPatch) -> None:
    assert threads_per_worker(["cpu"]) == 0
    assert threads_per_worker(["cpu"] * 3) == 2
    assert threads_per_worker(["cpu"] * 20) == 1
    assert threads_per_worker(["cuda:0"] * 4) == 0
