"""The option `loss`: the same losses as the methods that are named after them, and ELR and `forget` read slowly."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import pytest
import torch

from benchmark.plan import method_catalog
from datamodules.run_spec import RunSpec
from methods import coop, linear_probe
from methods.core.base import BaseMethod
from tests.support import toy

EPOCHS = 2
ELR = {"loss": "elr", "forget": 0.4}
RUNS = [RunSpec(seed, 4, "symmetric", 0.5) for seed in (0, 1)]


def trained(method: BaseMethod) -> BaseMethod:
    toy.fit([method], toy.data_for(RUNS, EPOCHS), EPOCHS)
    return method


@pytest.mark.parametrize("name", ["gce", "mae", "dspt", "sce", "nce_rce", "phuber_ce", "label_smoothing"])
def test_coop_with_a_loss_is_the_method_of_that_name(name: str) -> None:
    task = toy.task([0, 1], EPOCHS)
    named = trained(import_module(f"methods.{name}").Method(task))
    assert torch.equal(trained(coop.Method(task, loss=name)).ctx, named.ctx)


class Watched(linear_probe.Method):
    """Keeps every step's batch, logits and losses."""

    def build(self) -> None:
        super().build()
        self.steps: list[Any] = []

    def loss_per_image(self, logits: Any, batch: Any) -> Any:
        each = super().loss_per_image(logits, batch)
        self.steps.append((batch, logits.detach().clone(), each.detach().clone()))
        return each

    def mean_per_run(self, each: Any, batch: Any) -> Any:
        mean = super().mean_per_run(each, batch)
        self.steps[-1] += (self.current_epoch, mean.detach().clone())
        return mean


def test_elr_keeps_one_average_for_every_image_and_run() -> None:
    method = trained(Watched(toy.task([0, 1], EPOCHS), loss="elr"))
    averages: dict[tuple[int, int], list[float]] = {}
    for batch, logits, each, _, _ in method.steps:
        for r, b in batch.valid.nonzero().tolist():
            top = logits[r, b].max().item()
            powers = [math.exp(z - top) for z in logits[r, b].tolist()]
            p = [min(max(power / sum(powers), 1e-4), 1 - 1e-4) for power in powers]
            old = averages.get((r, int(batch.images[r, b])), [0.0] * len(p))
            new = [0.7 * t + 0.3 * share / sum(p) for t, share in zip(old, p, strict=True)]
            averages[r, int(batch.images[r, b])] = new
            inner = sum(share * t for share, t in zip(p, new, strict=True))
            expected = -math.log(powers[int(batch.labels[r, b])] / sum(powers)) + 3 * math.log(1 - inner)
            assert each[r, b].item() == pytest.approx(expected, rel=1e-4, abs=1e-4)
    assert len(averages) == 2 * 24


def test_forget_leaves_out_the_largest_losses_of_a_batch_and_more_of_them_later() -> None:
    method = trained(Watched(toy.task([0, 1], EPOCHS), forget=0.8))
    for batch, _, each, epoch, mean in method.steps:
        for r in range(2):
            own = sorted(each[r][batch.valid[r]].tolist())
            kept = own[: math.ceil(len(own) * (1 - 0.08 * (epoch + 1)))]
            assert mean[r].item() == pytest.approx(sum(kept) / len(kept), rel=1e-5)


@pytest.mark.parametrize("name", [name for name, info in method_catalog.methods().items() if "loss" in info.options])
def test_every_method_that_has_a_loss_trains_with_another_one(name: str) -> None:
    module = import_module(method_catalog.method(name).module)
    tuned = {"finetune": True} if "finetune" in method_catalog.method(name).options else {}
    members = [module.Method(toy.task([0], EPOCHS), **tuned, **more) for more in ({"loss": "ce"}, ELR)]
    paradigm = method_catalog.method(name).paradigms[0]
    data = toy.data_for([RunSpec(0, 4, "symmetric", 0.5, paradigm)] * 2, EPOCHS)
    toy.fit(members, data, members[0].total_epochs)
    pairs = zip(members[0].parameters(), members[1].parameters(), strict=True)
    assert any(not torch.equal(plain, other) for plain, other in pairs)
    assert all(parameter.isfinite().all() for parameter in members[1].parameters())
