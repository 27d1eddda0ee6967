"""Every method under every paradigm on a pretend GPU: same results as on the CPU, and how often a GPU would wait."""

from __future__ import annotations

import copy
import math
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import lightning
import pytest
import torch

from benchmark.plan import catalog
from benchmark.plan.grid import Grid, Run, parse_method
from benchmark.run import training
from benchmark.run.resources import Resources
from datamodules import NoisyFewShot
from datamodules.replica import RunSpec
from methods import coop
from tests.support import toy
from tests.support.pretend_gpu import COUNTS, DEVICE, pretend_gpu, trainer_arguments

EPOCHS = 2
PARADIGMS = ("fewshot", "ul", "ssl", "trzsl")
OPTIONS = {"grip": "rounds=2", "ifpl": "rounds=2", "tecoprompt": "window=1"}
MODAL = [f"{name}[modality={kind}]" for name in ("fpl", "ifpl", "grip") for kind in ("visual", "multimodal")]
SPELLED = [*(f"{name}[{OPTIONS[name]}]" if name in OPTIONS else name for name in catalog.methods()), *MODAL,
           "upl[select=random]", "coop[csc=true]", "coop[position=middle]", "ce[init=random]"]  # fmt: skip
#: Methods that look at images, or sort and relabel them: waits of a training step, and of an epoch outside of steps.
BOUNDS = {
    "joapr": (2, 10), "nlprompt": (0, 16), "tecoprompt": (0, 16), "fpl": (5, 16), "ifpl": (5, 16), "grip": (5, 24),
    "vpt": (5, 8), "upt": (5, 8), "upl": (0, 8),
}  # fmt: skip
PLAIN = (0, 6)


def paradigms(method: str) -> list[str]:
    return [paradigm for paradigm in PARADIGMS if paradigm in parse_method(method)[0].paradigms]


def sees_images(method: str) -> bool:
    return parse_method(method)[0].inputs == "images" or "modality" in method


def groups() -> list[tuple[str, tuple[str, ...]]]:
    """Methods that train in one pack, by paradigm; those that look at images train under one paradigm each."""
    found: dict[tuple[str, int], list[str]] = {}
    for method in SPELLED:
        info, values = parse_method(method)
        for paradigm in paradigms(method)[: 1 if sees_images(method) else None]:
            key = (paradigm, info.rounds(values) if not sees_images(method) else hash(method))
            found.setdefault(key, []).append(method)
    return [(paradigm, tuple(methods)) for (paradigm, _), methods in found.items()]


class Meter(lightning.Callback):
    """Waits and launches: of the training step that has most after the first, and waits of a whole epoch."""

    def __init__(self) -> None:
        self.step, self.epoch, self.launches = Counter[str](), Counter[str](), 0

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._epoch, self._steps = Counter(COUNTS.waits), Counter[str]()

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self._step, self._launches = Counter(COUNTS.waits), COUNTS.launches

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        spent = COUNTS.waits - self._step
        self._steps += spent
        self.launches = max(self.launches, COUNTS.launches - self._launches)
        if trainer.global_step > 1 and spent.total() > self.step.total():
            self.step = spent

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        spent = COUNTS.waits - self._epoch - self._steps
        if trainer.current_epoch and spent.total() > self.epoch.total():
            self.epoch = spent


def runs_of(methods: Sequence[str], paradigm: str) -> list[Run]:
    return Grid(methods, ["toy"], [0.5], ["symmetric"], [1, 2], [4], ["tiny"], [paradigm], EPOCHS).runs()


def resources(device: str) -> Resources:
    backbone = toy.tiny_clip() if device == "cpu" else copy.deepcopy(toy.tiny_clip()).to(device)
    return Resources(_kept={("dataset", "toy"): toy.toy_dataset(), ("backbone", "tiny", device): backbone})


def train(methods: Sequence[str], paradigm: str, device: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return training.train(runs_of(methods, paradigm), resources(device), device, 1, lambda event: None)


def train_on_gpu(methods: Sequence[str], paradigm: str) -> tuple[list[Any], Meter]:
    meter, made = Meter(), lightning.Trainer
    patch = pytest.MonkeyPatch()
    patch.setattr(training, "trainer_device", trainer_arguments)
    patch.setattr(lightning, "Trainer", lambda **settings: made(**{**settings, "callbacks": [meter]}))
    try:
        with pretend_gpu():
            return train(methods, paradigm, str(DEVICE)), meter
    finally:
        patch.undo()


def numbers(curves: dict[str, list[float | None]]) -> list[float]:
    return [math.nan if value is None else value for name in sorted(curves) for value in curves[name]]


@pytest.mark.parametrize(("paradigm", "methods"), groups())
def test_results_on_a_gpu_are_those_of_the_cpu(paradigm: str, methods: tuple[str, ...]) -> None:
    ours, _ = train_on_gpu(methods, paradigm)
    for (fields, learned), (plain, plain_learned) in zip(ours, train(methods, paradigm, "cpu"), strict=True):
        assert fields["accuracy"] == pytest.approx(plain["accuracy"], abs=1e-4)
        assert numbers(fields["curves"]) == pytest.approx(numbers(plain["curves"]), rel=1e-3, abs=1e-3, nan_ok=True)
        assert fields["device"] == str(DEVICE)
        assert learned.keys() == plain_learned.keys()
        for name, values in learned.items():
            torch.testing.assert_close(torch.from_numpy(values), torch.from_numpy(plain_learned[name]))


@pytest.mark.parametrize("method", [m for m in SPELLED if m != "zero_shot" and "ifpl[modality" not in m])
def test_a_gpu_hardly_ever_waits(method: str) -> None:
    """Never in a training step of a plain prompt or head method after the first; others have their bounds."""
    _, meter = train_on_gpu([method], paradigms(method)[0])
    step, epoch = BOUNDS.get(method.split("[")[0], PLAIN)
    step = step if sees_images(method) or method == "joapr" else 0
    assert meter.step.total() <= step, meter.step
    assert meter.epoch.total() <= epoch, meter.epoch
    assert meter.launches > 50


def test_a_user_who_trains_on_a_gpu_meets_one_device() -> None:
    dataset = replace(toy.toy_dataset(), val=toy.split(5, 3))
    with pretend_gpu():
        data = NoisyFewShot(
            dataset, runs=[RunSpec(1, 4, "confusion", 0.5)], backbone=copy.deepcopy(toy.tiny_clip()), batch_size=8
        )
        method = coop.Method(n_ctx=2)
        trainer = lightning.Trainer(
            max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, **trainer_arguments(),
        )  # fmt: skip
        trainer.fit(method, data)
        trainer.test(method, data, verbose=False)
        assert method.class_weights().device.type == "cpu"  # a Trainer leaves a method on the CPU
        assert method.to(DEVICE).class_weights().device == DEVICE
        (logits,) = trainer.predict(method, data) or []
        assert isinstance(logits, torch.Tensor) and logits.shape == (1, 60, 6)


if __name__ == "__main__":
    for method in SPELLED:
        if method != "zero_shot":
            _, meter = train_on_gpu([method], paradigms(method)[0])
            sys.stdout.write(f"| {method} | {meter.step.total()} | {meter.epoch.total()} | {meter.launches} |\n")
