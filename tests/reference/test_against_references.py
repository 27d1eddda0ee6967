"""The suite against plain, slow implementations of the same runs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from datamodules.run_spec import RunSpec
from methods import coop, grip, joapr, nlprompt
from tests.reference import grip as slow_grip
from tests.reference import joapr as slow_joapr
from tests.reference import nlprompt as slow_nlprompt
from tests.reference.clip import PlainRun
from tests.support import toy

EPOCHS, SEED = 3, 1
NOISE = ("symmetric", 0.5)


def beginning(method: type) -> torch.Tensor:
    return method(toy.task([SEED], EPOCHS)).ctx.detach()[0]


@pytest.mark.parametrize("paradigm", ["fewshot", "trzsl"])
def test_coop_equals_a_plain_loop_that_encodes_every_image_at_every_step(paradigm: str) -> None:
    """Where some classes are only named, the loop knows the labelled ones alone."""
    data = toy.data_for([RunSpec(SEED, 8, *NOISE, paradigm)], EPOCHS)
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
    data = toy.data_for([RunSpec(SEED, 8, *NOISE)], EPOCHS)
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
    data = toy.data_for([RunSpec(SEED, 2, paradigm=paradigm)], epochs)
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


def test_joapr_warms_up_splits_and_mends_as_its_slow_reading_does(monkeypatch) -> None:
    """With a beta that really mixes, and long enough for the oldest of six splits to leave the mean of the last five.

    The slow run only takes over which images share a batch.
    """
    epochs = 7
    data = toy.data_for([RunSpec(SEED, 8, *NOISE)], epochs)
    images, labels = (part.tolist() for part in data.training_set(0))
    method = joapr.Method(toy.task([SEED], epochs), warmup=1, beta=2.0, alpha2=0.7)
    run = PlainRun(SEED, method.ctx.detach()[0], epochs, toy.toy_dataset())
    steps: list[list[tuple[list[int], list[int]]]] = [[] for _ in range(epochs)]
    believed, total_loss = {}, method.total_loss

    def watch(batch, weights):
        epoch, own = method.current_epoch, batch.valid[0]
        steps[epoch].append((batch.images[0, own].tolist(), batch.labels[0, own].tolist()))
        if epoch:
            believed[epoch] = method.clean[0, images].tolist(), method.trust[0, images].tolist()
        return total_loss(batch, weights)

    monkeypatch.setattr(method, "total_loss", watch)
    toy.fit([method], data, epochs)
    slow_joapr.warm_up(run, images, labels, method.alpha1)
    splits = slow_joapr.Splits()
    for epoch in range(1, epochs):
        seed = method.task.generator(0, f"mixture {epoch}").initial_seed()
        clean, trust = splits.next(run, images, labels, seed)
        assert any(clean) and not all(clean)
        assert believed[epoch][0] == clean
        np.testing.assert_allclose(believed[epoch][1], trust, atol=1e-4)
        known = {image: t if flag else None for image, t, flag in zip(images, trust, clean, strict=True)}
        run.start_epoch(epoch)
        for number, told in enumerate(steps[epoch]):
            chosen = [(image, label, known[image]) for image, label in zip(*told, strict=True)]
            assert {t is None for _, _, t in chosen} == {True, False}
            draw = np.random.default_rng(method.task.generator(0, f"mixing {epoch} {number}").initial_seed())
            run.step(slow_joapr.step_loss(run, epoch, chosen, draw, 2.0, 0.7))
    assert (run.ctx - joapr.Method(toy.task([SEED], epochs)).ctx[0]).abs().max() > 1e-2
    torch.testing.assert_close(method.ctx.detach()[0], run.ctx.detach(), atol=1e-4, rtol=0)
