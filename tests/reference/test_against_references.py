"""The suite against plain, slow implementations of the same runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from datamodules.given import Replica
from methods import coop, grip, joapr, nlprompt
from tests import toy
from tests.reference import grip as slow_grip
from tests.reference import joapr as slow_joapr
from tests.reference import nlprompt as slow_nlprompt
from tests.reference.clip import PlainRun

EPOCHS, SEED = 3, 1
NOISE = ("symmetric", 0.5)


def beginning(method: type) -> torch.Tensor:
    return method(toy.task([SEED], EPOCHS)).ctx.detach()[0]


@pytest.mark.parametrize("paradigm", ["fewshot", "trzsl"])
def test_coop_equals_a_plain_loop_that_encodes_every_image_at_every_step(paradigm: str) -> None:
    """Where some classes are only named, the loop knows the labelled ones alone."""
    data = toy.data_for([Replica(SEED, 8, *NOISE, paradigm)], EPOCHS)
    images, labels = (part.tolist() for part in data.training_set(0))
    seen = sorted(set(data.dataset.train.labels[images].tolist()))
    assert len(seen) == (6 if paradigm == "fewshot" else 3)
    start = beginning(coop.Method)
    run = PlainRun(SEED, start, EPOCHS, toy.toy_dataset())
    for epoch in range(EPOCHS):
        run.start_epoch(epoch)
        for batch in run.batches(len(images), epoch):
            logits = run.logits(run.views([images[i] for i in batch], epoch))[:, seen]
            told = torch.tensor([seen.index(labels[i]) for i in batch])
            run.step(torch.nn.functional.cross_entropy(logits, told))
    trained = toy.fit([coop.Method(toy.task([SEED], EPOCHS))], data, EPOCHS)
    assert (run.ctx - start).abs().max() > 1e-2
    torch.testing.assert_close(trained.members[0].ctx.detach()[0], run.ctx.detach(), atol=1e-4, rtol=0)


def test_nlprompt_splits_and_trains_as_its_slow_reading_does() -> None:
    data = toy.data_for([Replica(SEED, 8, *NOISE)], EPOCHS)
    images, labels = (part.tolist() for part in data.training_set(0))
    start = beginning(nlprompt.Method)
    ctx, history = slow_nlprompt.train(PlainRun(SEED, start, EPOCHS, toy.toy_dataset()), images, labels)
    trained = toy.fit([nlprompt.Method(toy.task([SEED], EPOCHS))], data, EPOCHS)
    member = trained.members[0]
    assert (member.groups[0, images] == 0).tolist() == history[-1]
    assert any(history[-1]) and not all(history[-1])
    torch.testing.assert_close(member.ctx.detach()[0], ctx, atol=1e-4, rtol=0)


@pytest.mark.parametrize("paradigm", ["ul", "ssl", "trzsl"])
def test_two_rounds_of_grip_label_and_train_as_their_slow_reading_does(paradigm: str) -> None:
    rounds, epochs = 2, 2
    data = toy.data_for([Replica(SEED, 2, paradigm=paradigm)], epochs)
    method = grip.Method(toy.task([SEED], epochs), rounds=rounds)
    labelled = [(i, int(toy.toy_dataset().train.labels[i])) for i in data.given[0].images.tolist()]
    names = {label for _, label in labelled} if paradigm == "trzsl" else set()
    unlabelled = sorted(set(range(len(toy.toy_dataset().train.labels))) - {i for i, _ in labelled})
    assert len(labelled) == {"ul": 0, "ssl": 12, "trzsl": 36}[paradigm]
    run = PlainRun(SEED, method.ctx.detach()[0].clone(), epochs, toy.toy_dataset())
    ctx, history = slow_grip.train(run, labelled, unlabelled, sorted(set(range(6)) - names), rounds)
    toy.fit([method], data, method.total_epochs)
    ours = dict(zip(data.sets[0].images.tolist(), data.sets[0].labels.tolist(), strict=True))
    assert ours == dict(labelled) | history[-1]
    assert len(history[-1]) == len(unlabelled) > len(history[0]) > 0
    torch.testing.assert_close(method.ctx.detach()[0], ctx, atol=1e-4, rtol=0)


def test_warm_up_split_and_step_of_joapr_equal_their_slow_reading(monkeypatch) -> None:
    """The first step after the first split, with a beta that really mixes."""
    data = toy.data_for([Replica(SEED, 8, *NOISE)], 2)
    images, labels = (part.tolist() for part in data.training_set(0))
    method = joapr.Method(toy.task([SEED], 2), warmup=1, beta=2.0, alpha2=0.7)
    run = PlainRun(SEED, method.ctx.detach()[0], 2, toy.toy_dataset())
    steps, objective = [], method.objective

    def watch(batch, weights):
        steps.append((batch, method.ctx.detach()[0].clone()))
        return objective(batch, weights)

    monkeypatch.setattr(method, "objective", watch)
    toy.fit([method], data, 2)
    slow_joapr.warm_up(run, images, labels, method.alpha1)
    clean, chance = slow_joapr.split(run, images, labels, method.task.generator(0, "mixture 1").initial_seed())
    assert any(clean) and not all(clean)
    assert method.clean[0, images].tolist() == clean
    np.testing.assert_allclose(method.trust[0, images], chance, atol=1e-4)
    first = len(images) // toy.RECIPE.batch
    trust = {image: c if flag else None for image, c, flag in zip(images, chance, clean, strict=True)}
    told = (part[0][steps[first][0].valid[0]].tolist() for part in (steps[first][0].images, steps[first][0].labels))
    chosen = [(image, label, trust[image]) for image, label in zip(*told, strict=True)]
    assert {flag is None for _, _, flag in chosen} == {True, False}
    draw = np.random.default_rng(method.task.generator(0, "mixing 1 0").initial_seed())
    run.start_epoch(1)
    run.step(slow_joapr.step_loss(run, 1, chosen, draw, 2.0, 0.7))
    moved = steps[first + 1][1]
    assert (moved - steps[first][1]).abs().max() > 1e-3
    torch.testing.assert_close(moved, run.ctx.detach(), atol=1e-4, rtol=0)
