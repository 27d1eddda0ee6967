"""Adapters and heads against plain loops in float64."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import torch

from datamodules.run_spec import RunSpec
from methods import clap, clip_adapter, lp_plus_plus, prolip, task_res, tip_adapter
from methods.core.base import BaseMethod
from methods.core.optimizer import PerRunOptimizer
from tests.reference import adapters as slow
from tests.support import toy

EPOCHS, SEED = 3, 1


def pair(method: BaseMethod, paradigm: str = "fewshot", epochs: int = EPOCHS) -> slow.FeatureRun:
    """Trains the method, and gives a plain run on the same images and labels."""
    data = toy.data_for([RunSpec(SEED, 8, "symmetric", 0.5, paradigm)], epochs)
    images, labels = (part.tolist() for part in data.training_set(0))
    run = slow.FeatureRun(SEED, epochs, images, labels)
    toy.fit([method], data, epochs)
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
    logits = lambda feature: run.scale * slow.unit(run.raw_texts + 0.5 * residual) @ feature  # noqa: E731
    run.train([residual], logits)
    same(method.residual, residual, torch.zeros_like(residual))
    classified(method, run, logits)


def test_clap_holds_each_class_by_its_own_zero_shot_probability() -> None:
    method = clap.Method(toy.task([SEED], EPOCHS))
    run = pair(method)
    strengths = slow.multipliers(run)
    assert max(strengths) > 2 * min(strengths)
    torch.testing.assert_close(method.multipliers[0], torch.tensor(strengths), atol=1e-5, rtol=0)
    head = run.raw_texts.clone().requires_grad_()
    logits = lambda feature: run.scale * slow.unit(head) @ feature  # noqa: E731

    def penalty() -> torch.Tensor:
        each = [s * ((own - text) ** 2).sum() for s, own, text in zip(strengths, head, run.raw_texts, strict=True)]
        return sum(each[1:], each[0]) / len(each)

    run.train([head], logits, penalty, weight_decay=0.0)
    same(method.head, head, run.raw_texts)
    classified(method, run, logits)


def test_clap_s_penalty_is_on_texts_as_long_as_the_tower_makes_them() -> None:
    """Where the heads' directions moved by 0.1, they moved by a tenth of the texts' lengths, 5 and 2."""
    method = clap.Method(toy.task([SEED], EPOCHS))
    method.base = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    lengths = method.base.norm(dim=-1, keepdim=True)
    method.head = torch.nn.Parameter((method.base + lengths * torch.tensor([[0.1, 0.0], [0.0, 0.1]]))[None])
    method.multipliers = torch.tensor([[0.5, 0.8]])
    image: Any = SimpleNamespace(valid=torch.ones(1, 1, dtype=torch.bool), active=torch.tensor([True]))
    assert method.mean_per_run(torch.zeros(1, 1), image).item() == pytest.approx(0.0785)


def test_task_res_has_the_gradient_of_the_released_code() -> None:
    method = task_res.Method(toy.task([SEED], EPOCHS))
    method.base = torch.tensor([[3.0, 4.0], [0.0, 2.0]])
    method.residual = torch.nn.Parameter(torch.zeros(1, 2, 2))
    feature = torch.tensor([1.0, 1.0]) / 2**0.5
    logits = 100 * feature @ method.class_weights()[0].T
    torch.nn.functional.cross_entropy(logits, torch.tensor(1)).backward()
    wanted = torch.tensor([[[1.131371, -0.848528], [-17.677670, 0.0]]])
    torch.testing.assert_close(method.residual.grad, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("bias", [False, True])
def test_lp_plus_plus_computes_its_start_and_its_steps(bias: bool) -> None:
    """Six epochs of six batches are 36 steps, of which three move alpha."""
    method = lp_plus_plus.Method(toy.task([SEED], 6), bias=bias)
    offset = [method.offsets.detach()[0].double().clone().requires_grad_()] if bias else []
    run = pair(method, epochs=6)
    start, alpha, *sizes = slow.lp_start(run)
    prototypes, factors = start.clone().requires_grad_(), alpha.clone().requires_grad_()
    slow.lp_train(run, [prototypes, *offset], factors, sizes, steps=36)
    same(method.prototypes, prototypes, start)
    same(method.alpha, factors, alpha)
    texts, own = run.texts, sum(offset, torch.zeros(()))
    classified(method, run, lambda f: (prototypes + factors[:, None] * texts) @ f + own)
    assert method.is_linear is not bias


def test_lp_plus_plus_never_forgets_a_gradient_of_alpha() -> None:
    """At a rate of 0.01 and a gradient of 1, alpha is at -0.1, -0.3 and -0.6 after 10, 20 and 30 steps."""
    method = lp_plus_plus.Method(toy.task([SEED], EPOCHS))
    method.steps = torch.tensor([[0.01], [0.01]])
    method.alpha.data.zero_()
    optimizer = PerRunOptimizer([{**group} for group in method.parameter_groups()], lr=1.0)
    found = []
    for step in range(1, 31):
        method.taken += 1
        method.alpha.grad = torch.ones_like(method.alpha)
        for group, rates in zip(optimizer.param_groups, method.rates(0), strict=True):
            group["rates"] = rates
        optimizer.step()
        found += [method.alpha[0, 0].item()] if step % 10 == 0 else []
    assert found == pytest.approx([-0.1, -0.3, -0.6])


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
    same(method.change, matrix - eye, torch.zeros_like(eye))
    classified(method, run, logits)
