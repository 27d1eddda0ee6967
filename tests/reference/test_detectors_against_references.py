"""Methods that detect wrong labels before they train, against plain loops."""

from __future__ import annotations

from collections import Counter

import torch

from datamodules.run_spec import RunSpec
from methods import clipcleaner, deft, linear_probe
from tests.reference import detectors as slow
from tests.reference.adapters import FeatureRun
from tests.reference.clip import PlainRun
from tests.support import toy

EPOCHS, SEED = 3, 1


def test_deft_trains_two_prompts_and_a_head_as_its_slow_reading_does() -> None:
    data = toy.data_for([RunSpec(SEED, 8, "symmetric", 0.5)], EPOCHS)
    images, labels = (part.tolist() for part in data.training_set(0))
    method = deft.Method(toy.task([SEED], EPOCHS))
    runs = [PlainRun(SEED, one.detach()[0].clone(), EPOCHS, toy.toy_dataset()) for one in (method.ctx, method.negative)]
    starts = [run.ctx.detach().clone() for run in runs]
    draws = [
        torch.randint(5, (len(images),), generator=method.task.generator(0, f"complement {epoch}")).tolist()
        for epoch in range(EPOCHS)
    ]
    kept = slow.deft_phase(runs[0], runs[1], images, labels, method.warmup, draws)
    toy.fit([method], data, method.total_epochs)
    assert any(kept) and not all(kept)
    assert method.kept[0, images].tolist() == kept
    for ours, run, start in zip((method.ctx, method.negative), runs, starts, strict=True):
        assert (run.ctx - start).abs().max() > 1e-3
        torch.testing.assert_close(ours.detach()[0], run.ctx.detach(), atol=1e-4, rtol=0)
    run = FeatureRun(SEED, EPOCHS, images, labels)
    head = run.texts.clone().requires_grad_()
    run.train([head], lambda feature: run.scale * head @ feature, first=EPOCHS, kept=kept)
    torch.testing.assert_close(method.head.detach()[0], head.detach().float(), atol=1e-4, rtol=1e-4)
    assert torch.equal(method.class_weights(), method.head)


def test_clipcleaner_keeps_what_four_votes_accept_and_trains_a_head_on_it() -> None:
    runs = [RunSpec(SEED, 12, "symmetric", 0.4), RunSpec(2, 2, "asymmetric", 0.5)]
    data = toy.data_for(runs, EPOCHS)
    method = clipcleaner.Method(toy.task([SEED, 2], EPOCHS))
    toy.fit([method], data, EPOCHS)
    texts = method.zero_shot().double().tolist()
    for row in range(2):
        images, labels = data.training_set(row)
        seed = method.task.generator(row, "selection").initial_seed() % 2**32
        flags = slow.accepted(data.pool()[images].double().tolist(), texts, labels.tolist(), seed, 0.07)
        assert any(flags) and not all(flags)
        part = data.sets[row]
        assert set(part.images.tolist()) == set(images[torch.tensor(flags)].tolist())
        assert (
            dict(zip(part.images, part.labels, strict=True)).items()
            <= dict(zip(images.tolist(), labels.tolist(), strict=True)).items()
        )
        counts = Counter(part.labels.tolist())
        assert set(counts) == set(labels.tolist()), "no class is left without images"
        assert min(counts.values()) == len(images) // len(counts)
    plain = linear_probe.Method(toy.task([SEED, 2], EPOCHS))
    again = toy.data_for(runs, EPOCHS)
    for row, part in enumerate(data.sets):
        again.sets[row] = part
    toy.fit([plain], again, EPOCHS)
    assert torch.equal(plain.head, method.head)
