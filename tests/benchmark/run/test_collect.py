"""What a record says of a run: the GPU that trained it, and the accuracy of its last epoch."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module

import pytest
import torch

from benchmark.plan.axes import Run
from benchmark.run.collect import collect
from datamodules.run_spec import RunSpec
from methods import linear_probe
from tests.methods.core.test_evaluation import slow_ece
from tests.support import toy


def test_a_record_names_the_gpu_that_trained_it(monkeypatch: pytest.MonkeyPatch) -> None:
    data = toy.data_for([RunSpec(1, 2)])
    module = toy.fit([linear_probe.Method(toy.task([1]))], data)
    monkeypatch.setattr("torch.cuda.get_device_name", lambda device: f"GPU of {device}")
    run = Run("tiny", "toy", "linear_probe", "none", 0.0, 2, 1, "embedded", 3)
    names = [collect([run], module, data, device, 1.0)[0][0]["device"] for device in ("cuda:1", "cpu")]
    assert names == ["GPU of cuda:1", "cpu"]


def test_the_accuracy_is_that_of_the_last_epoch_not_of_the_best() -> None:
    epochs, seeds = 8, range(1, 7)
    data = toy.data_for([RunSpec(seed, 8, "symmetric", 0.5) for seed in seeds], epochs)
    module = toy.fit([linear_probe.Method(toy.task(seeds, epochs))], data, epochs)
    runs = [
        Run("tiny", "toy", "linear_probe", "symmetric", 0.5, 8, seed, f"embedded[epochs={epochs}]", epochs)
        for seed in seeds
    ]
    records = [fields for fields, *_ in collect(runs, module, data, "cpu", 1.0)]
    curves = [fields["curves"]["test_accuracy"] for fields in records]
    assert {len(curve) for curve in curves} == {epochs}
    assert any(curve[-1] < max(curve) for curve in curves)
    assert [fields["accuracy"] for fields in records] == [curve[-1] for curve in curves]
    assert [fields["oracle_best_accuracy"] for fields in records] == [max(curve) for curve in curves]
    assert [fields["oracle_best_epoch"] for fields in records] == [curve.index(max(curve)) + 1 for curve in curves]


@pytest.mark.parametrize("name", ["clip_adapter", "prolip"])
def test_a_long_curve_has_the_accuracies_that_were_measured_at_their_epochs(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    epochs, seeds = 7, [1, 2]
    run = Run("tiny", "toy", name, "symmetric", 0.5, 4, 1, f"embedded[epochs={epochs},lr=0.01]", epochs)
    found = []
    for points in (epochs, 3):
        monkeypatch.setattr("methods.core.evaluation.POINTS", points)
        data = toy.data_for([RunSpec(seed, 4, "symmetric", 0.5) for seed in seeds], epochs)
        method = import_module(f"methods.{name}").Method(toy.task(seeds, epochs))
        found.append(collect([run, replace(run, seed=2)], toy.fit([method], data, epochs), data, "cpu", 1.0))
    for (full, *_), (short, *_) in zip(*found, strict=True):
        curve, all_of_it = short["curves"]["test_accuracy"], full["curves"]["test_accuracy"]
        measured = [epoch for epoch, value in enumerate(curve) if value is not None]
        assert measured == ([0, 3, 6] if name == "clip_adapter" else [*range(epochs)])
        assert [curve[epoch] for epoch in measured] == [all_of_it[epoch] for epoch in measured]
        assert short["accuracy"] == full["accuracy"] == curve[-1]
        assert curve[short["oracle_best_epoch"] - 1] == short["oracle_best_accuracy"] == max(filter(None, curve))


@pytest.mark.parametrize(
    ("name", "linear"),
    [("coop", True), ("em_means", True), ("class_means", True), ("clap", True), ("clip_adapter", False),
     ("tip_adapter", False), ("prolip", False), ("knn", False), ("wann", False), ("cocoop", False)],
)  # fmt: skip
def test_class_weights_are_kept_where_they_classify_by_themselves(name: str, linear: bool) -> None:
    method = import_module(f"methods.{name}").Method(toy.task([0]))
    assert method.is_linear == linear


def test_what_every_run_of_a_pack_learned_classifies_as_its_own_record_says() -> None:
    names, seeds = ["coop", "gce"], [1, 2, 3]
    data = toy.data_for([RunSpec(seed, 4, "symmetric", 0.5) for _ in names for seed in seeds])
    members = [import_module(f"methods.{name}").Method(toy.task(seeds)) for name in names]
    module = toy.fit(members, data)
    runs = [
        Run("tiny", "toy", name, "symmetric", 0.5, 4, seed, "embedded[epochs=3]", 3) for name in names for seed in seeds
    ]
    results = collect(runs, module, data, "cpu", 1.0)
    features, labels = data.test_set
    for row, (fields, learned, _) in enumerate(results):
        logits = float(learned["logit_scale"]) * features @ torch.from_numpy(learned["class_weights"]).T
        right = logits.argmax(-1) == labels
        per_class = [100 * float(right[labels == c].float().mean()) for c in range(len(toy.CLASSES))]
        assert fields["per_class_accuracy"] == pytest.approx(per_class, abs=1e-3)
        assert fields["accuracy"] == pytest.approx(100 * float(right.float().mean()), abs=1e-3)
        assert fields["ece"] == pytest.approx(100 * slow_ece(logits, labels), abs=1e-3)
        member, replica = divmod(row, len(seeds))
        assert torch.equal(torch.from_numpy(learned["ctx"]), members[member].get_parameter("ctx")[replica])
    for name in ("ctx", "class_weights"):
        assert len({learned[name].tobytes() for _, learned, _ in results}) == len(runs), "no two runs learn the same"
