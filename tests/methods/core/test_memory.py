"""Methods that keep training images, or compute something from them once: in files, after a pause, beside others."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from benchmark.plan import method_catalog
from datamodules import NoisyFewShot
from datamodules.run_spec import RunSpec
from methods import class_means, tip_adapter, zero_shot
from tests.support import toy


def trainer(epochs: int, **more: Any) -> lightning.Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return lightning.Trainer(max_epochs=epochs, accelerator="cpu", **quiet, **{"enable_checkpointing": False, **more})


@pytest.fixture(scope="module")
def digits() -> NoisyFewShot:
    """For all tests, since its bank of features lasts."""
    return embedded_digits()


def embedded_digits() -> NoisyFewShot:
    return NoisyFewShot("digits", [RunSpec(seed, 4, "symmetric", 0.5) for seed in (1, 2)])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("class_means", {}),
        ("knn", {}),
        ("wann", {}),
        ("gda", {}),
        ("tip_adapter", {}),
        ("tip_adapter", {"finetune": True}),
    ],
    ids=["class_means", "knn", "wann", "gda", "tip_adapter", "tip_adapter tuned"],
)
def test_what_is_kept_comes_back_from_a_checkpoint_without_training_data(
    name: str, options: dict[str, Any], tmp_path: Path, digits: NoisyFewShot
) -> None:
    kind = import_module(f"methods.{name}").Method
    method, data = kind(**options), digits
    plain = trainer(2, enable_checkpointing=True, default_root_dir=tmp_path)
    plain.fit(method, data)
    plain.test(method, data, verbose=False)
    plain.save_checkpoint(tmp_path / "kept.ckpt")
    again = kind.load_from_checkpoint(tmp_path / "kept.ckpt")
    trainer(2).test(again, data, verbose=False)
    assert torch.equal(again.accuracy, method.accuracy)


def test_tuned_keys_go_on_from_a_checkpoint_as_if_there_had_been_no_pause(tmp_path: Path) -> None:
    keep = ModelCheckpoint(tmp_path, filename="{epoch}", save_top_k=-1, every_n_epochs=1)
    whole, resumed = tip_adapter.Method(finetune=True), tip_adapter.Method(finetune=True)
    trainer(3, callbacks=[keep], enable_checkpointing=True).fit(whole, embedded_digits())
    trainer(3).fit(resumed, embedded_digits(), ckpt_path=str(tmp_path / "epoch=1.ckpt"))
    assert whole.learned_keys.shape[:2] == (2, 40)
    assert torch.equal(whole.learned_keys, resumed.learned_keys)


def test_what_trains_nothing_encodes_no_training_view() -> None:
    """Means need the plain images alone, and zero-shot CLIP none at all."""
    data = toy.data_for([RunSpec(seed, 4) for seed in (0, 1)], 2)
    members = [class_means.Method(toy.task([0], 2)), zero_shot.Method(toy.task([1], 2))]
    toy.fit(members, data, 2)
    assert members[0].fits and not members[1].fits
    assert not data.views._slots and members[0].means.norm(dim=-1).min() > 0.99


def test_a_method_s_own_number_of_rounds_is_known_before_it_is_imported() -> None:
    assert method_catalog.method("deft").rounds({}) == 2
    assert method_catalog.method("coop").rounds({}) == method_catalog.method("fpl").rounds({}) == 1
    assert method_catalog.method("grip").rounds({"rounds": 3}) == 3
