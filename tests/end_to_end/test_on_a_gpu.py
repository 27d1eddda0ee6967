"""Every method under every paradigm on a pretend GPU: same results as on the CPU, and how often a GPU would wait."""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
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

EPOCHS = 3
PARADIGMS = ("fewshot", "ul", "ssl", "trzsl")
OPTIONS = {"grip": "rounds=2", "ifpl": "rounds=2", "tecoprompt": "window=1"}
MODAL = [f"{name}[modality={kind}]" for name in ("fpl", "ifpl", "grip") for kind in ("visual", "multimodal")]
SPELLED = [*(f"{name}[{OPTIONS[name]}]" if name in OPTIONS else name for name in catalog.methods()), *MODAL,
           "upl[select=random]", "coop[csc=true]", "coop[position=middle]", "ce[init=random]"]  # fmt: skip
#: Methods that look at images, or sort and relabel them: waits of a training step, and of an epoch outside of steps.
BOUNDS = {"joapr": (2, 20), "nlprompt": (0, 30), "tecoprompt": (0, 30), "fpl": (4, 60), "ifpl": (4, 60),
          "grip": (4, 60), "vpt": (4, 20), "upt": (4, 20), "upl": (0, 30)}  # fmt: skip
PLAIN = (0, 12)


def cases() -> list[tuple[str, str]]:
    return [(name, p) for name in SPELLED for p in PARADIGMS if p in parse_method(name)[0].paradigms]


class Meter(lightning.Callback):
    """Waits of every training step after the first, and of every epoch after the first outside of its steps."""

    def __init__(self) -> None:
        self.step, self.epoch, self.launches = Counter[str](), Counter[str](), 0
        self._before = Counter[str]()
        self._start = 0

    def on_train_epoch_start(self, trainer: Any, pl_module: Any) -> None:
        self._outside = Counter(COUNTS.waits)

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self._before, self._start = Counter(COUNTS.waits), COUNTS.launches

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        spent = COUNTS.waits - self._before
        if trainer.global_step > 1 and sum(spent.values()) > sum(self.step.values()):
            self.step = spent
        self.launches = max(self.launches, COUNTS.launches - self._start)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        self.total = Counter(COUNTS.waits)


def runs_of(method: str, paradigm: str) -> list[Run]:
    grid = Grid([method], ["toy"], [0.5], ["symmetric"], [1, 2], [4], ["tiny"], [paradigm], EPOCHS)
    return grid.runs()


def resources(device: str) -> Resources:
    backbone = toy.tiny_clip() if device == "cpu" else copy.deepcopy(toy.tiny_clip()).to(device)
    return Resources(_kept={("dataset", "toy"): toy.toy_dataset(), ("backbone", "tiny", device): backbone})


def train(runs: Sequence[Run], device: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return training.train(runs, resources(device), device, 1, lambda event: None)


@cache
def on_gpu(method: str, paradigm: str) -> tuple[list[Any], Meter]:
    meter, made = Meter(), lightning.Trainer
    patch = pytest.MonkeyPatch()
    patch.setattr(training, "trainer_device", trainer_arguments)
    patch.setattr(lightning, "Trainer", lambda **settings: made(**{**settings, "callbacks": [meter]}))
    try:
        with pretend_gpu():
            return train(runs_of(method, paradigm), str(DEVICE)), meter
    finally:
        patch.undo()


def numbers(curves: dict[str, list[float | None]]) -> list[float]:
    return [math.nan if value is None else value for name in sorted(curves) for value in curves[name]]


@pytest.mark.parametrize(("method", "paradigm"), cases())
def test_results_on_a_gpu_are_those_of_the_cpu(method: str, paradigm: str) -> None:
    ours, _ = on_gpu(method, paradigm)
    for (fields, learned), (plain_fields, plain_learned) in zip(
        ours, train(runs_of(method, paradigm), "cpu"), strict=True
    ):
        assert fields["accuracy"] == pytest.approx(plain_fields["accuracy"], abs=1e-4)
        assert numbers(fields["curves"]) == pytest.approx(
            numbers(plain_fields["curves"]), rel=1e-3, abs=1e-3, nan_ok=True
        )
        assert fields["device"] == str(DEVICE)
        assert learned.keys() == plain_learned.keys()
        for name, values in learned.items():
            torch.testing.assert_close(torch.from_numpy(values), torch.from_numpy(plain_learned[name]))


@pytest.mark.parametrize(("method", "paradigm"), [case for case in cases() if case[0] != "zero_shot"])
def test_a_gpu_hardly_ever_waits(method: str, paradigm: str) -> None:
    """Never in a training step of a plain prompt or head method after the first; others have their bounds."""
    _, meter = on_gpu(method, paradigm)
    step, epoch = BOUNDS.get(method.split("[")[0], PLAIN)
    assert sum(meter.step.values()) <= step, meter.step
    assert sum(meter.total.values()) / EPOCHS <= epoch + 10, meter.total


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
