"""Adapters and heads against plain loops in float64."""

from __future__ import annotations

import pytest
import torch

from datamodules.replica import RunSpec
from methods import clap, clip_adapter, lp_plus_plus, prolip, task_res, tip_adapter
from methods.core.base import BaseMethod
from tests.reference import adapters as slow
from tests.support import toy

EPOCHS, SEED = 3, 1


def pair(method: BaseMethod, paradigm: str = "fewshot") -> slow.FeatureRun:
    """Trains the method, and gives a plain run on the same images and labels."""
    data = toy.data_for([RunSpec(SEED, 8, "symmetric", 0.5, paradigm)], EPOCHS)
    images, labels = (part.tolist() for part in data.training_set(0))
    run = slow.FeatureRun(SEED, EPOCHS, images, labels)
    toy.fit([method], data, EPOCHS)
    return run


def same(ours: torch.Tensor, theirs: torch.Tensor, start: torch.Tensor) -> None:
    assert (theirs - start).abs().max() > 1e-3, "something was learned"
    torch.testing.assert_close(ours.detach()[0], theirs.detach().float(), atol=1e-4, rtol=1e-4)


def classified(method: BaseMethod, run: slow.FeatureRun, logits: slow.Logits) -> None:
    """Test images have the logits that one image after the other has."""
    features = method.trainer.datamodule.test_set[0]
    images = slow.Images(features[None])
    with torch.no_grad():
        ours = method.logits(method.image_features(images), method.class_weights())[0]
        theirs = torch.stack([logits(feature) for feature in features.double()])
    torch.testing.assert_close(ours, theirs.float(), atol=1e-3, rtol=1e-4)


def test_tip_adapter_adds_a_cache_to_zero_shot_logits() -> None:
    method = tip_adapter.Method(toy.task([SEED], EPOCHS))
    run = pair(method)
    keys = run.plain()
    assert not method.trainable
    classified(method, run, lambda feature: slow.tip_logits(run, keys, run.labels, 1.0, 5.5, feature))


def test_tuned_keys_of_tip_adapter_are_those_of_a_loop() -> None:
    method = tip_adapter.Method(toy.task([SEED], EPOCHS), finetune=True, alpha=3.0, beta=2.0)
    run = pair(method)
    start = run.plain()
    keys = start.clone().requires_grad_()
    logits = lambda feature: slow.tip_logits(run, keys, run.labels, 3.0, 2.0, feature)  # noqa: E731
    run.train([keys], logits)
    same(method.learned_keys, keys, start)
    classified(method, run, logits)


def test_clip_adapter_is_a_loop_over_the_units_of_its_network() -> None:
    method = clip_adapter.Method(toy.task([SEED], EPOCHS))
    down, up = (weight.detach()[0].double().clone().requires_grad_() for weight in (method.down, method.up))
    start = down.detach().clone()
    run = pair(method)
    logits = lambda feature: slow.clip_adapter_logits(run, down, up, 0.2, feature)  # noqa: E731
    run.train([down, up], logits)
    same(method.down, down, start)
    torch.testing.assert_close(method.up.detach()[0], up.detach().float(), atol=1e-4, rtol=1e-4)
    classified(method, run, logits)


def test_task_res_learns_what_is_added_to_text_features() -> None:
    method = task_res.Method(toy.task([SEED], EPOCHS))
    run = pair(method)
    residual = torch.zeros_like(run.texts).requires_grad_()
    logits = lambda feature: run.scale * slow.unit(run.texts + 0.5 * residual) @ feature  # noqa: E731
    run.train([residual], logits)
    same(method.residual, residual, torch.zeros_like(residual))
    classified(method, run, logits)


def test_clap_holds_each_class_by_its_own_zero_shot_probability() -> None:
    method = clap.Method(toy.task([SEED], EPOCHS))
    run = pair(method)
    strengths = slow.multipliers(run)
    assert max(strengths) > 2 * min(strengths)
    torch.testing.assert_close(method.multipliers[0], torch.tensor(strengths), atol=1e-5, rtol=0)
    head = run.texts.clone().requires_grad_()
    logits = lambda feature: run.scale * slow.unit(head) @ feature  # noqa: E731

    def penalty() -> torch.Tensor:
        each = [s * ((own - text) ** 2).sum() for s, own, text in zip(strengths, head, run.texts, strict=True)]
        return sum(each[1:], each[0]) / len(each)

    run.train([head], logits, penalty, weight_decay=0.0)
    same(method.head, head, run.texts)
    classified(method, run, logits)


def test_lp_plus_plus_computes_its_start_and_its_steps() -> None:
    method = lp_plus_plus.Method(toy.task([SEED], EPOCHS))
    run = pair(method)
    start, alpha, step, alpha_step = slow.lp_start(run)
    prototypes, factors = start.clone().requires_grad_(), alpha.clone().requires_grad_()
    logits = lambda feature: torch.stack(  # noqa: E731
        [(w + a * t) @ feature for w, a, t in zip(prototypes, factors, run.texts, strict=True)]
    )
    steps = [lambda epoch: step, lambda epoch: (1 - toy.RECIPE.momentum) / 10 * alpha_step]
    run.train([prototypes, factors], logits, weight_decay=0.0, steps=steps, whole=True)
    same(method.prototypes, prototypes, start)
    same(method.alpha, factors, alpha)
    classified(method, run, logits)


@pytest.mark.parametrize("penalty", [0.0, 2.0])
def test_prolip_s_map_is_held_to_the_identity(penalty: float) -> None:
    """By one over the number of images per class, unless another strength is asked for."""
    method = prolip.Method(toy.task([SEED], EPOCHS), penalty=penalty)
    run = pair(method)
    eye = torch.eye(run.texts.shape[1], dtype=torch.float64)
    matrix = eye.clone().requires_grad_()
    logits = lambda feature: run.scale * run.texts @ slow.unit(matrix @ (3 * feature))  # noqa: E731
    strength = penalty or 1 / 8
    run.train([matrix], logits, lambda: strength * ((matrix - eye) ** 2).sum(), weight_decay=0.0)
    same(method.map, matrix, eye)
    classified(method, run, logits)
