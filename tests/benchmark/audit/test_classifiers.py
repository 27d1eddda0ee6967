"""Classifiers of an audit: brought to one scale, and none that has learned nothing misleads the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.audit import detectors
from benchmark.audit.classifiers import (
    WRONG,
    audit,
    balanced,
    classifiers,
    given,
    likeliest_fraction,
    plain_discriminant,
    tempered,
)
from benchmark.audit.estimate import estimate
from benchmark.audit.out_of_fold_discriminant import discriminants
from benchmark.audit.ranking_quality import quality
from benchmark.audit.sample import Sample
from tests.benchmark.audit.samples import CLASSES, clusters


def test_cleanlab_takes_the_probabilities_of_an_audit() -> None:
    filtering = pytest.importorskip("cleanlab.filter")
    sample, wrong = clusters()
    issues = filtering.find_label_issues(sample.labels.numpy(), audit(sample).pooled.exp().numpy())
    assert (issues == wrong).mean() > 0.95


def test_scores_are_brought_to_one_scale_and_those_of_chance_count_for_nothing() -> None:
    sample, _ = clusters(per_class=50, spread=0.3)
    scores = sample.features @ sample.text.T
    torch.testing.assert_close(tempered(scores, sample.labels), tempered(2.0**40 * scores, sample.labels))
    chance = scores[torch.randperm(len(scores), generator=torch.Generator().manual_seed(1))]
    assert tempered(chance, sample.labels).std() < 0.1 * tempered(scores, sample.labels).std()


@pytest.mark.parametrize(("per_class", "spread"), [(2, 0.1), (3, 0.1), (3, 0.2)])
def test_with_few_images_classifiers_that_have_learned_nothing_do_not_mislead_an_audit(
    per_class: int, spread: float
) -> None:
    """Without temperatures, discriminants of two or three images a class outvoted the class names."""
    drawn = [clusters(per_class, 0.4, spread, seed, classes=30) for seed in range(3)]
    names, joint = (
        np.mean([quality(detectors.label_quality(name, sample).numpy(), wrong).auroc for sample, wrong in drawn])
        for name in ("zero_shot", "joint")
    )
    assert joint > names - 0.5


def test_images_without_a_label_get_the_class_of_their_cluster_and_change_no_classifier_of_the_others() -> None:
    sample, _ = clusters(per_class=60)
    labels = sample.labels.clone()
    labels[::7] = -1
    some = Sample(sample.features, labels, sample.text, sample.scale, sample.seed)
    true = torch.arange(CLASSES).repeat_interleave(60)
    found = audit(some)
    assert float((found.true[labels < 0].argmax(1) == true[labels < 0]).float().mean()) > 0.95
    for name, part in classifiers(some).items():
        assert torch.isfinite(part).all(), name
        assert float((part[labels < 0].argmax(1) == true[labels < 0]).float().mean()) > 0.8, name


@pytest.mark.parametrize("wrong", WRONG)
def test_zero_shot_stays_as_sure_as_it_is_right_where_most_labels_are_wrong(wrong: float) -> None:
    true = torch.arange(400) % 10
    labels = torch.where(
        torch.arange(400) % 20 < round(20 * wrong), (true + torch.arange(400) // 20 % 9 + 1) % 10, true
    )
    assert likeliest_fraction(8 * torch.eye(10)[true], labels) == wrong


@pytest.mark.parametrize("says", [True, False], ids=["names", "no names"])
def test_images_count_by_the_probability_of_their_label_by_names_that_say_anything_and_means(says: bool) -> None:
    sample, _ = clusters(per_class=20, spread=0.3)
    sample = sample if says else replace(sample, text=torch.zeros_like(sample.text))
    parts, weights = classifiers(sample), given(sample)
    for i, label in enumerate(sample.labels.tolist()):
        chances = parts["means"][i].softmax(0) * (parts["zero_shot"][i].softmax(0) if says else 1)
        weights[i, label] = float(chances[label] / chances.sum())
    values = discriminants(sample.centred, weights, sample.fold, (plain_discriminant(sample)[1],))[0]
    expected = balanced(tempered(values, sample.labels, sample.seed), sample.labels)
    torch.testing.assert_close(parts["discriminant_weighted"], expected, rtol=1e-4, atol=1e-3)


def test_balanced_scores_give_a_class_that_outvotes_others_no_more_than_its_labels() -> None:
    labels = torch.arange(400) % 4
    labels[::40] = -1
    scores = torch.randn(400, 4, generator=torch.Generator().manual_seed(1)) + torch.tensor([2.0, 0, 0, 0])
    found = balanced(scores, labels)
    shares = found[labels >= 0].softmax(1).mean(0)
    assert (shares - 0.25).abs().max() < 0.02 < 0.3 < float(scores.softmax(1).mean(0)[0])
    torch.testing.assert_close((found - scores).std(0), torch.zeros(4), rtol=0, atol=1e-6)


def test_an_audit_is_the_estimate_by_its_scores_and_tells_every_step() -> None:
    sample, _ = clusters()
    told: list[str] = []
    found, parts = audit(sample, told.append, 0.2), classifiers(sample)
    alone = estimate(parts, sample.labels, sample.zero_shot, sample.checked, 0.2, sample.seed)
    torch.testing.assert_close(found.true, alone.true)
    assert set(found.parts) == set(parts) and told[-1] == "noise matrix and fraction of wrong labels"
