"""Prompts held near zero-shot CLIP, against plain loops that encode every image at every step."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from datamodules.run_spec import RunSpec
from methods import kgcoop, prograd
from methods.core.base import BaseMethod
from tests.reference.clip import PlainRun
from tests.support import toy

EPOCHS, SEED = 3, 1
Step = Callable[[PlainRun, Tensor, list[int], list[int]], None]


def slowly(method: BaseMethod, paradigm: str, step: Step) -> tuple[Tensor, Tensor]:
    """The context that the suite learns, and that of the loop whose steps on pixels and labels are `step`."""
    data = toy.data_for([RunSpec(SEED, 8, "symmetric", 0.5, paradigm)], EPOCHS)
    images, labels = (part.tolist() for part in data.training_set(0))
    seen = sorted(set(data.dataset.train.labels[images].tolist()))
    start = method.ctx.detach()[0].clone()
    run = PlainRun(SEED, start, EPOCHS, toy.toy_dataset())
    for epoch in range(EPOCHS):
        run.start_epoch(epoch)
        for batch in run.batches(len(images), epoch):
            step(run, run.views([images[i] for i in batch], epoch), [seen.index(labels[i]) for i in batch], seen)
    toy.fit([method], data, EPOCHS)
    assert (run.ctx - start).abs().max() > 1e-3
    return method.ctx.detach()[0], run.ctx.detach()


@pytest.mark.parametrize("paradigm", ["fewshot", "trzsl"])
def test_kgcoop_adds_the_distance_of_every_class_from_its_template(paradigm: str) -> None:
    def step(run: PlainRun, pixels: Tensor, labels: list[int], seen: list[int]) -> None:
        loss = F.cross_entropy(run.logits(pixels)[:, seen], torch.tensor(labels))
        for ours, theirs in zip(run.class_weights(), run.zero_shot(), strict=True):
            loss = loss + 8 * (1 - F.cosine_similarity(ours, theirs, dim=0)) / len(toy.CLASSES)
        run.step(loss)

    ours, slow = slowly(kgcoop.Method(toy.task([SEED], EPOCHS)), paradigm, step)
    torch.testing.assert_close(ours, slow, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("weight", "temperature"), [(1.0, 1.0), (0.6, 2.0)])
def test_prograd_takes_out_of_every_step_what_leads_away_from_zero_shot(weight: float, temperature: float) -> None:
    turned = []

    def step(run: PlainRun, pixels: Tensor, labels: list[int], seen: list[int]) -> None:
        with torch.no_grad():
            teacher = (run.logits(pixels, run.zero_shot())[:, seen] / temperature).softmax(-1)
        (g,) = torch.autograd.grad(F.cross_entropy(run.logits(pixels)[:, seen], torch.tensor(labels)), run.ctx)
        student = (run.logits(pixels)[:, seen] / temperature).log_softmax(-1)
        divergence = F.kl_div(student, teacher, reduction="batchmean")
        (h,) = torch.autograd.grad(divergence, run.ctx)
        inner = float((g * h).sum())
        turned.append(inner < 0)
        if inner < 0:
            g = g - weight * inner / float((h * h).sum()) * h
        run.optimizer.zero_grad()
        run.ctx.grad = g
        run.optimizer.step()

    method = prograd.Method(toy.task([SEED], EPOCHS), weight=weight, temperature=temperature, init="")
    ours, slow = slowly(method, "fewshot", step)
    assert any(turned) and not all(turned)
    torch.testing.assert_close(ours, slow, atol=1e-4, rtol=0)


def test_at_the_template_prograd_does_not_follow_the_direction_of_rounding_errors() -> None:
    gradient = torch.tensor([[1.0, -1.0], [1.0, -1.0]])
    direction = torch.tensor([[0.0, 2e-4], [0.0, 2e-2]])
    assert prograd.project(gradient, direction, 1.0).tolist() == [[1.0, -1.0], [1.0, 0.0]]


def test_prograd_beside_other_prompts_is_prograd_alone() -> None:
    """Two methods of one kind share a text pass, and the hook of one must not touch the other's gradient."""

    def both(*names: str) -> list[Tensor]:
        task = toy.task([SEED], EPOCHS)
        members = [prograd.Method(task, weight=weight, init="") for weight in map(float, names)]
        toy.fit(members, toy.data_for([RunSpec(SEED, 8, "symmetric", 0.5)] * len(names), EPOCHS), EPOCHS)
        return [member.ctx.detach() for member in members]

    first, second = both("1", "0")
    torch.testing.assert_close(both("1")[0], first, atol=1e-4, rtol=0)
    assert not torch.allclose(first, second, atol=1e-3)
