"""EM means: names, the prompt of GCE and a regression, read slowly."""

from __future__ import annotations

import pytest
import torch

from datamodules.run_spec import RunSpec
from methods import em_means, gce
from methods.core.given import GivenImages
from methods.functional.label_em import Given, explain
from tests.support import toy

EPOCHS = 2
RUNS = [RunSpec(seed, 4, "symmetric", 0.5) for seed in (0, 1)]


def trained(**options: object) -> em_means.Method:
    method = em_means.Method(toy.task([0, 1], EPOCHS), **options)
    toy.fit([method], toy.data_for(RUNS, EPOCHS), EPOCHS)
    return method


def test_the_prompt_trains_as_that_of_gce() -> None:
    plain = gce.Method(toy.task([0, 1], EPOCHS))
    toy.fit([plain], toy.data_for(RUNS, EPOCHS), EPOCHS)
    assert torch.equal(trained().ctx, plain.ctx)


def test_the_classifier_s_logits_are_the_pool_of_what_was_found_run_by_run() -> None:
    method = trained()
    given = GivenImages.of(method.data, method.rows)
    features, scale = method.data.plain(given.images), method.task.backbone.scale
    names, prompts = scale * method.texts, scale * method.class_weights().detach()
    for r in range(2):
        row = slice(r, r + 1)
        alone = Given.of(features[row], given.labels[row], given.valid[row], names[None]).beside(prompts[row])
        torch.testing.assert_close(scale * method.joined[row], explain(alone).classifier(alone), atol=1e-3, rtol=1e-3)


def test_names_alone_train_nothing_and_need_no_tower() -> None:
    method = trained(teacher="names")
    assert not method.trainable and method.prompt() is None
    given = GivenImages.of(method.data, method.rows)
    scale = method.task.backbone.scale
    own = Given.of(method.data.plain(given.images), given.labels, given.valid, scale * method.texts.expand(2, -1, -1))
    torch.testing.assert_close(scale * method.joined, explain(own).classifier(own))


@pytest.mark.parametrize("kept", [0, 10**9])
def test_runs_are_judged_in_parts_that_fit_whether_they_are_kept_or_not(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained().joined
    monkeypatch.setattr(em_means, "AT_ONCE", 1)
    monkeypatch.setattr(em_means, "KEPT", kept)
    method = trained()
    assert len(method._kept) == (2 if kept else 0)
    torch.testing.assert_close(method.joined, whole, atol=1e-4, rtol=1e-3)


def test_another_training_on_other_labels_starts_anew() -> None:
    first, method = RUNS, trained()
    for runs in ([RunSpec(seed, 4, "symmetric", 0.0) for seed in (0, 1)], first):
        toy.fit([method], toy.data_for(runs, EPOCHS), EPOCHS)
    fresh = trained()
    torch.testing.assert_close(method.classifier(fresh.class_weights().detach()), fresh.joined, atol=1e-4, rtol=1e-3)


def test_images_are_judged_once_for_the_same_prompts(monkeypatch: pytest.MonkeyPatch) -> None:
    method, asked = trained(), []
    monkeypatch.setattr(em_means, "explain", lambda given: asked.append(given) or explain(given))
    weights = method.class_weights().detach()
    assert torch.equal(method.classifier(weights), method.joined) and not asked
    method.classifier(weights + 1)
    assert asked
