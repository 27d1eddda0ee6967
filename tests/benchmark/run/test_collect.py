"""The record of a run that was trained on a GPU names the GPU."""

from __future__ import annotations

import pytest

from benchmark.plan.grid import Run
from benchmark.run.collect import collect
from datamodules.replica import RunSpec
from methods import ce
from tests.support import toy


def test_a_record_names_the_gpu_that_trained_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = toy.data_for([RunSpec(1, 2)])
    module = toy.fit([ce.Method(toy.task([1]))], data)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"GPU of {device}")
    run = Run("tiny", "toy", "ce", "none", 0.0, 2, 1, "embedded", 3)
    names = [collect([run], module, data, device, 1.0)[0][0]["device"] for device in ("cuda:1", "cpu")]
    assert names == ["GPU of cuda:1", "cpu"]
