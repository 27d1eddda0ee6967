"""EM means: the prompt of GCE, joined with class means, read slowly."""

from __future__ import annotations

import torch
from torch.nn.functional import normalize

from datamodules.run_spec import RunSpec
from methods import em_means, gce, linear_probe
from methods.core.given import GivenImages
from methods.functional.label_em import above_chance, class_means, left_out, true_labels
from tests.support import toy

EPOCHS = 2
RUNS = [RunSpec(seed, 4, "symmetric", 0.5) for seed in (0, 1)]


def trained(**options: object) -> em_means.Method:
    method = em_means.Method(toy.task([0, 1], EPOCHS), **options)
    toy.fit([method], toy.data_for(RUNS, EPOCHS), EPOCHS)
    return method


def test_without_class_means_it_predicts_as_gce_does() -> None:
    plain = gce.Method(toy.task([0, 1], EPOCHS))
    toy.fit([plain], toy.data_for(RUNS, EPOCHS), EPOCHS)
    ours = trained(join=0)
    assert torch.equal(ours.ctx, plain.ctx)
    torch.testing.assert_close(normalize(ours.joined, dim=-1), plain.class_weights())


def test_the_classifier_is_that_of_its_formula() -> None:
    """Replica by replica, in float64; the factor `join` is tried one by one."""
    method = trained()
    given, prompts = GivenImages.of(method.data, method.rows), method.prompt().encode(method.ctx)
    pool, zero_shot = method.data.pool().double(), method.zero_shot().double()

    def units(scores: torch.Tensor) -> torch.Tensor:
        centred = scores - scores.mean(-1, keepdim=True)
        return centred / centred.square().mean().sqrt()

    def deviation(scores: torch.Tensor) -> torch.Tensor:
        return (scores - scores.mean(-1, keepdim=True)).square().mean().sqrt()

    for r in range(2):
        images, labels, prompt = pool[given.images[r]], given.labels[r], prompts[r].detach().double()
        judgement = 0.2 * units(images @ prompt.T) + 0.2 * units(images @ zero_shot.T)
        on = torch.ones(1, len(images), dtype=torch.bool)
        trusted = above_chance((images @ zero_shot.T)[None], labels[None], on)
        q, transition = true_labels(images[None], labels[None], on, judgement[None], trusted)
        means, apart = class_means(images[None], q)[0], left_out(images[None], q)[0]
        best = (-torch.inf, torch.empty(0))
        for join in (0.25, 0.5, 1, 2, 4, 8, 16):
            total = prompt / deviation(images @ prompt.T) + join * means / deviation(images @ means.T)
            scores = images @ prompt.T / deviation(images @ prompt.T) + join * apart / deviation(images @ means.T)
            for sharpness in (1, 2, 4, 8, 16):
                p = (sharpness * units(scores / total.norm(dim=-1))).softmax(-1)
                likelihood = (p @ transition[0])[torch.arange(len(images)), labels].log().sum().item()
                unit = normalize(total, dim=-1)
                if likelihood > best[0]:
                    best = (likelihood, sharpness / deviation(images @ unit.T) * unit / method.task.backbone.scale)
        torch.testing.assert_close(method.joined[r].double(), best[1], atol=1e-4, rtol=1e-4)


def test_without_class_means_a_head_in_the_prompts_place_is_that_of_gce_with_classes_of_one_length() -> None:
    plain = linear_probe.Method(toy.task([0, 1], EPOCHS), loss="gce")
    toy.fit([plain], toy.data_for(RUNS, EPOCHS), EPOCHS)
    ours = trained(join=0, teacher="head")
    assert torch.equal(ours.head, plain.head)
    torch.testing.assert_close(normalize(ours.joined, dim=-1), normalize(plain.class_weights(), dim=-1))


def test_the_head_learns_on_after_an_evaluation() -> None:
    method = trained(teacher="head")
    before, joined = method.head.detach().clone(), method.joined
    assert torch.equal(method.class_weights(), method.head) and not torch.equal(joined, method.head)
    torch.testing.assert_close(method.classifier(method.class_weights()), joined)
    assert torch.equal(method.head, before)


def test_images_are_judged_in_parts_that_fit() -> None:
    whole = trained().joined
    limit, em_means.LIMIT = em_means.LIMIT, 1
    try:
        torch.testing.assert_close(trained().joined, whole)
    finally:
        em_means.LIMIT = limit
