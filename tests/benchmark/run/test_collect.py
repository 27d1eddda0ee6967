"""What a record says of a run: the GPU that trained it, and the accuracy of its last epoch."""

from __future__ import annotations

from importlib import import_module

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


def test_the_accuracy_is_that_of_the_last_epoch_not_of_the_best() -> None:
    epochs, seeds = 8, range(1, 7)
    data = toy.data_for([RunSpec(seed, 8, "symmetric", 0.5) for seed in seeds], epochs)
    module = toy.fit([ce.Method(toy.task(seeds, epochs))], data, epochs)
    runs = [Run("tiny", "toy", "ce", "symmetric", 0.5, 8, seed, f"embedded[epochs={epochs}]", epochs) for seed in seeds]
    records = [fields for fields, *_ in collect(runs, module, data, "cpu", 1.0)]
    curves = [fields["curves"]["test_accuracy"] for fields in records]
    assert {len(curve) for curve in curves} == {epochs}
    assert any(curve[-1] < max(curve) for curve in curves)
    assert [fields["accuracy"] for fields in records] == [curve[-1] for curve in curves]
    assert [fields["oracle_best_accuracy"] for fields in records] == [max(curve) for curve in curves]
    assert [fields["oracle_best_epoch"] for fields in records] == [curve.index(max(curve)) + 1 for curve in curves]


@pytest.mark.parametrize(
    ("name", "linear"),
    [("coop", True), ("em_means", True), ("class_means", True), ("clap", True), ("clip_adapter", False),
     ("tip_adapter", False), ("prolip", False), ("knn", False), ("wann", False), ("cocoop", False)],
)  # fmt: skip
def test_class_weights_are_kept_where_they_classify_by_themselves(name: str, linear: bool) -> None:
    method = import_module(f"methods.{name}").Method(toy.task([0]))
    assert method.is_linear == linear
