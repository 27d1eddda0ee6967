"""What every method promises, with every choice of its options: checked for all that the catalogue finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import lightning
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmark.plan import method_catalog
from datamodules.datamodule import NoisyFewShot
from datamodules.dataset import Split
from datamodules.run_spec import RunSpec
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.fpl import SelfTraining
from tests.support import toy

EPOCHS, SHOTS, ROUNDS = 2, 2, 2
SEEDS = (0, 1)
SHARED = dict.fromkeys(PromptMethod.__annotations__, "coop") | dict.fromkeys(AnyLoss.__annotations__, "linear_probe")
SHARED |= dict.fromkeys(SelfTraining.__annotations__, "grip")
EXTRA = [
    ("upl", {"select": "random", "loss_": "gce"}),
    ("coop", {"init": "a photo of a"}),
    ("ifpl", {"k": 3}),
    ("linear_probe", {"forget": 0.4}),
]


def variants() -> list[tuple[str, dict[str, Any]]]:
    """Every method as it comes, and once more for every other value of an option that has few.

    Options that many methods share are varied on one of them.
    """
    found: list[tuple[str, dict[str, Any]]] = [*EXTRA]
    for name, info in method_catalog.methods().items():
        found.append((name, {}))
        for option in info.options.values():
            if SHARED.get(option.attribute, name) != name:
                continue
            kind = option.kind
            values = get_args(kind) if get_origin(kind) is Literal else (True, False) if kind is bool else ()
            found += [(name, {option.attribute: value}) for value in values if value != option.default]
    return [(name, _shorter(name, options)) for name, options in found]


def _shorter(name: str, options: dict[str, Any]) -> dict[str, Any]:
    own = method_catalog.method(name).options
    return options | {key: value for key, value in {"rounds": ROUNDS, "warmup": 1, "window": 2}.items() if key in own}


def title(variant: tuple[str, dict[str, Any]]) -> str:
    name, options = variant
    return method_catalog.method(name).canonical(options)


VARIANTS = {title(variant): variant for variant in variants()}


def method_of(name: str, seeds: Sequence[int] = SEEDS) -> BaseMethod:
    module, options = VARIANTS[name]
    made: BaseMethod = import_module(method_catalog.method(module).module).Method(toy.task(seeds, EPOCHS), **options)
    return made


def replicas(
    name: str, rates: Sequence[float] = (0.5, 0.5), seeds: Sequence[int] = SEEDS, shots: int = SHOTS
) -> list[RunSpec]:
    paradigms = method_catalog.method(VARIANTS[name][0]).paradigms
    paradigm = (
        "ssl"
        if paradigms[0] == "ul" and "ssl" in paradigms and name not in ("zero_shot", "fixed_prompt")
        else paradigms[0]
    )
    return [RunSpec(seed, shots, "symmetric", rate, paradigm) for seed, rate in zip(seeds, rates, strict=False)]


class Spoil(lightning.Callback):
    """Turns the first replica of every method into NaN at the first step."""

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == 0:
            for member in pl_module.members:
                for parameter in member.parameters():
                    parameter.data[0] = torch.nan


def train(
    rates: Sequence[float] = (0.5, 0.5), shots: int = SHOTS, shuffled: bool = False, spoil: bool = False
) -> dict[str, BaseMethod]:
    """All variants side by side, two replicas each, in one pack per length of training."""
    packs: dict[int, list[str]] = {}
    made = {name: method_of(name) for name in VARIANTS}
    for name, method in made.items():
        packs.setdefault(method.total_epochs, []).append(name)
    for epochs, names in packs.items():
        data = toy.data_for([run for name in names for run in replicas(name, rates, shots=shots)], EPOCHS)
        if shuffled:
            assert (
                data.given
            )  # what is drawn, and which labels are wrong, comes from the true labels: before the shuffle
            true = data.dataset.train
            data.dataset = replace(
                data.dataset, train=Split(true.images, np.random.default_rng(0).permutation(true.labels))
            )
        toy.fit([made[name] for name in names], data, epochs, callbacks=[Spoil()] if spoil else [])
    return made


@cache
def together() -> dict[str, BaseMethod]:
    return train()


def learned(method: BaseMethod, replica: int) -> dict[str, torch.Tensor]:
    return {name: parameter.detach()[replica] for name, parameter in method.named_parameters()}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_run_in_a_pack_of_many_is_the_run_alone(name: str) -> None:
    """Alone means under a bare Trainer, without `PackModule`."""
    method = method_of(name, SEEDS[1:])
    data: NoisyFewShot = toy.data_for(replicas(name, seeds=SEEDS[1:]), EPOCHS)
    toy.fit_alone(method, data, method.total_epochs)
    packed = together()[name]
    for key, value in learned(packed, 1).items():
        torch.testing.assert_close(value, learned(method, 0)[key], atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(method.accuracy[0], packed.trainer.lightning_module.accuracy[packed.rows][1])


@pytest.mark.parametrize("name", VARIANTS)
def test_training_moves_what_is_learned_and_tells_seeds_apart(name: str) -> None:
    fresh, trained = method_of(name), together()[name]
    for key, value in learned(trained, 0).items():
        assert value.isfinite().all()
        assert not torch.equal(value, learned(trained, 1)[key])
    moved = [not torch.equal(value, learned(fresh, 0)[key]) for key, value in learned(trained, 0).items()]
    assert all(moved)


def test_neither_true_labels_nor_a_replica_driven_to_nan_reach_what_another_learns_to_the_last_bit() -> None:
    """The same runs again, with other true labels of training images, beside first replicas that are NaN."""
    again = train(shuffled=True, spoil=True)
    for name, method in together().items():
        for key, value in learned(method, 1).items():
            assert torch.equal(value, learned(again[name], 1)[key]), f"{name}: {key}"
    assert sum(not parameter[0].isfinite().all() for method in again.values() for parameter in method.parameters())


def test_no_label_and_every_label_wrong_are_both_fine() -> None:
    for name, method in train(rates=(0.0, 1.0), shots=1).items():
        assert all(parameter.isfinite().all() for parameter in method.parameters()), name
        accuracy = method.trainer.lightning_module.accuracy[method.rows]
        assert ((accuracy >= 0) & (accuracy <= 1)).all(), name


@pytest.mark.parametrize("name", VARIANTS)
def test_what_was_learned_survives_a_file(name: str, tmp_path: Path) -> None:
    trained, fresh = together()[name], method_of(name)
    if trained.trainable:
        save_file({key: value.detach() for key, value in trained.named_parameters()}, tmp_path / "learned.safetensors")
        fresh.load_state_dict(load_file(tmp_path / "learned.safetensors"))
    fresh.load_state(trained.state())
    features = torch.nn.functional.normalize(torch.randn(1, 5, trained.zero_shot().shape[-1]), dim=-1)
    with torch.no_grad():
        torch.testing.assert_close(fresh.class_weights(), trained.class_weights())
        ours, theirs = (m.logits(features, m.class_weights()) for m in (fresh, trained))
    torch.testing.assert_close(ours, theirs)


def test_methods_without_training_learn_nothing_and_others_something() -> None:
    free = {name for name, method in together().items() if not method.trainable}
    assert "zero_shot" in free and not free & {"coop", "linear_probe", "gce"}


def test_the_catalogue_is_not_empty() -> None:
    assert {"coop", "gce", "nlprompt", "grip", "joapr"} <= set(method_catalog.methods())
