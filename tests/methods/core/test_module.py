"""What a Lightning user tries with a method and the data module, outside of our own runner."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import lightning
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint

from benchmark.plan import method_catalog
from datamodules import NoisyFewShot
from datamodules.epoch_plan import Sampling
from datamodules.fewshot import few_shot_val
from datamodules.run_spec import RunSpec
from methods import coop, knn, linear_probe, zero_shot
from methods.core.base import BaseMethod
from tests.support import toy
from tests.support.toy_trainer import EPOCHS, data_of, trainer

METHODS = list(method_catalog.methods())
SHORT = {"rounds": 2, "warmup": 1, "window": 2}


def paradigm_of(name: str) -> str:
    paradigms = method_catalog.method(name).paradigms
    return (
        "ssl"
        if paradigms[0] == "ul" and "ssl" in paradigms and name not in ("zero_shot", "fixed_prompt")
        else paradigms[0]
    )


def made(name: str) -> BaseMethod:
    own = method_catalog.method(name).options
    options = {key: value for key, value in SHORT.items() if key in own}
    method: BaseMethod = import_module(method_catalog.method(name).module).Method(**options)
    return method


def learned(method: BaseMethod) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in method.named_parameters()}


class Fitted(NamedTuple):
    """A method after its training, with what it had learned then, and a checkpoint from before its last epoch."""

    method: BaseMethod
    trainer: lightning.Trainer
    learned: dict[str, torch.Tensor]
    curves: dict[str, torch.Tensor]
    checkpoint: Path


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Fitted]:
    """Trains every method once."""

    @cache
    def fit(name: str) -> Fitted:
        folder, method = tmp_path_factory.mktemp("checkpoints"), made(name)
        keep = ModelCheckpoint(folder, filename="{epoch}", save_top_k=-1, every_n_epochs=1)
        plain = trainer(callbacks=[keep], enable_checkpointing=True)
        plain.fit(method, data_of(paradigm_of(name)))
        curves = {curve: torch.stack(values) for curve, values in method.curves.items()}
        return Fitted(method, plain, learned(method), curves, folder / f"epoch={EPOCHS - 2}.ckpt")

    return fit


@pytest.mark.parametrize("name", METHODS)
def test_every_method_trains_under_a_plain_trainer_and_logs_what_it_reached(
    name: str, fitted: Callable[[str], Fitted]
) -> None:
    method, plain, *_ = fitted(name)
    data = data_of(paradigm_of(name))
    (logged,) = plain.test(method, data, verbose=False)
    assert logged["test_accuracy"] == pytest.approx(float(method.accuracy.mean()), abs=1e-6)
    if method.trainable:
        assert len(method.curves["loss"]) == len(method.curves["test_accuracy"]) == EPOCHS
    (logits,) = plain.predict(method, data) or []
    assert isinstance(logits, torch.Tensor) and logits.shape == (2, 60, 6)
    assert (logits.argmax(-1) == data.test_set[1]).float().mean(1).tolist() == pytest.approx(method.accuracy.tolist())


@pytest.mark.parametrize("name", METHODS)
def test_a_training_that_goes_on_from_a_checkpoint_ends_as_one_that_never_stopped(
    name: str, fitted: Callable[[str], Fitted]
) -> None:
    whole = fitted(name)
    if not whole.method.trainable:
        pytest.skip("it learns nothing that could go on")
    resumed = made(name)
    trainer().fit(resumed, data_of(paradigm_of(name)), ckpt_path=str(whole.checkpoint))
    for key, value in whole.learned.items():
        assert torch.equal(value, learned(resumed)[key]), key
    for curve, ours in whole.curves.items():
        theirs = torch.stack(resumed.curves[curve])
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0, equal_nan=True)


def test_early_stopping_and_checkpoints_find_their_metrics(tmp_path: Path) -> None:
    best = ModelCheckpoint(tmp_path, monitor="val_accuracy", mode="max")
    stop = EarlyStopping("train_loss", patience=1, min_delta=100.0)
    method = coop.Method(n_ctx=2)
    trainer(10, callbacks=[best, stop], enable_checkpointing=True).fit(method, data_of())
    assert len(method.curves["loss"]) == 2
    assert best.best_model_score is not None and 0 <= float(best.best_model_score) <= 1
    assert method.val_accuracy.shape == (2,)


def test_validation_images_are_coops_draw_of_the_val_split_and_never_test_images() -> None:
    data = data_of()
    data.connect(toy.tiny_clip(), torch.device("cpu"), Sampling(1, toy.Crop(), 8))
    (batch,) = data.val_dataloader()
    split = data.dataset.val
    assert split is not None
    for row, run in enumerate(data.runs):
        drawn = few_shot_val(data.dataset.train.labels, split.labels, run.shots, run.seed)
        assert batch.labels[row].tolist() == split.labels[drawn].tolist()
        pixels = torch.stack([toy.tiny_clip().preprocess(split.images[int(i)]) for i in drawn])
        torch.testing.assert_close(batch.features[row], toy.tiny_clip().encode_images(pixels))


def test_a_second_fit_and_the_sanity_check_leave_the_curves_right() -> None:
    method, data = coop.Method(n_ctx=2), data_of()
    trainer(3, num_sanity_val_steps=2).fit(method, data)
    assert len(method.curves["test_accuracy"]) == 3
    before = learned(method)["ctx"]
    trainer(2).fit(method, data)
    assert len(method.curves["test_accuracy"]) == len(method.curves["loss"]) == 2
    assert not torch.equal(before, learned(method)["ctx"])


def test_fitting_zero_shot_trains_nothing() -> None:
    method, data = zero_shot.Method(), data_of()
    trainer().fit(method, data)
    assert not method.curves["loss"]


def test_clipping_the_gradient_norm_acts_on_each_run_by_itself() -> None:
    together, alone = coop.Method(n_ctx=2), coop.Method(n_ctx=2)
    trainer(2, gradient_clip_val=0.01).fit(together, data_of(seeds=(0, 1)))
    trainer(2, gradient_clip_val=0.01).fit(alone, data_of(seeds=(1,)))
    torch.testing.assert_close(together.ctx[1], alone.ctx[0], atol=1e-5, rtol=1e-4)
    free = coop.Method(n_ctx=2)
    trainer(2).fit(free, data_of(seeds=(1,)))
    assert not torch.allclose(free.ctx, alone.ctx, atol=1e-4)


def test_a_method_comes_back_from_a_checkpoint_without_any_data(tmp_path: Path) -> None:
    data = NoisyFewShot("digits", [RunSpec(seed, 2, "symmetric", 0.5) for seed in (1, 2)])
    method = linear_probe.Method(init="random")
    plain = trainer(2, enable_checkpointing=True, folder=tmp_path)
    plain.fit(method, data)
    plain.save_checkpoint(tmp_path / "kept.ckpt")
    again = linear_probe.Method.load_from_checkpoint(tmp_path / "kept.ckpt")
    assert again.init == "random" and dict(again.hparams) == {"init": "random"}
    torch.testing.assert_close(again.class_weights(), method.class_weights())
    (result,) = trainer(2).test(again, data, verbose=False)
    assert 0 < result["test_accuracy"] < 1


def test_what_stands_still_is_measured_once_and_has_its_accuracy_in_every_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    neighbours, calls = knn.Method(toy.task([1])), []
    logits = knn.Method.logits
    monkeypatch.setattr(knn.Method, "logits", lambda *given: calls.append(1) or logits(*given))
    module = toy.fit([coop.Method(toy.task([1])), neighbours], toy.data_for([RunSpec(1, 2)] * 2))
    curve = torch.stack(module.curves["test_accuracy"])[:, 1]
    assert len(calls) == 2, "in the first epoch, and in the test"
    assert (curve == module.accuracy[1]).all() and len(curve) == 3
    assert neighbours.stands_still and not coop.Method(toy.task([1])).stands_still
