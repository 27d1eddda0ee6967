"""The estimate of all images: whether names say anything, how much zero-shot does, and what decisions change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.audit.classifiers import audit, classifiers
from benchmark.audit.estimate import (
    APART,
    MOST,
    Interval,
    estimate,
    explanations,
    leads,
    names_say,
    said,
    zero_shot_weight,
)
from benchmark.audit.explanation import EXPECTED, Evidence, posterior
from tests.benchmark.audit.samples import CLASSES, clusters


def test_names_say_something_where_zero_shot_agrees_with_what_learned_the_labels() -> None:
    sample, _ = clusters()
    parts = classifiers(sample)
    assert names_say(parts, sample.labels)
    shuffled = parts["zero_shot"][torch.randperm(len(sample.labels), generator=torch.Generator().manual_seed(0))]
    assert not names_say({**parts, "zero_shot": shuffled}, sample.labels)
    assert not names_say({name: part for name, part in parts.items() if name != "zero_shot"}, sample.labels)


@pytest.mark.parametrize(("agree", "weight"), [(60, 0.0), (65, 0.0), (70, MOST / 3), (80, MOST), (100, MOST)])
def test_zero_shot_has_a_say_that_grows_with_its_agreement(agree: int, weight: float) -> None:
    true = torch.eye(2)[torch.zeros(100, dtype=torch.int64)]
    zero_shot = torch.eye(2)[(torch.arange(100) >= agree).long()]
    assert zero_shot_weight(true, zero_shot) == pytest.approx(weight, abs=1e-6)


def test_zero_shot_leads_where_it_predicts_labels_no_worse_than_what_learned_them() -> None:
    labels = torch.tensor([0, 1, 1, 0, -1])
    right = {n: torch.eye(2)[torch.where(torch.arange(5) < n, labels, 1 - labels).clamp(0, 1)] for n in (2, 3)}
    assert leads({"zero_shot": right[2], "head": right[3], "means": right[2]}, labels)
    assert not leads({"zero_shot": right[2], "head": right[2], "means": right[3]}, labels)


def test_explanations_start_from_equal_weights_from_right_labels_and_from_names_that_say_something() -> None:
    sample, wrong = clusters(per_class=10)
    logs = torch.stack([part.log_softmax(1) for part in list(classifiers(sample).values())[:3]])
    nobody = torch.full_like(sample.labels, -1)
    for named, expected in ((0, {"equal", "surer", "labels"}), (2, {"equal", "names", "surer", "labels"})):
        found = explanations(Evidence(logs, sample.labels, named, nobody, EXPECTED))
        assert set(found) == expected
        assert found["labels"].wrong(sample.labels).mean() <= found["equal"].wrong(sample.labels).mean() + 1e-6
        assert abs(float(found["equal"].wrong(sample.labels).mean()) - wrong.mean()) < 0.1


def test_every_probability_is_one_and_what_was_decided_is_certain() -> None:
    sample, _ = clusters(per_class=10)
    checked = torch.full_like(sample.labels, -1)
    checked[[2, 5]] = torch.tensor([3, 1])
    found = estimate(classifiers(sample), sample.labels, sample.zero_shot, checked)
    torch.testing.assert_close(found.true.sum(1), torch.ones(len(found.true)), atol=1e-4, rtol=0)
    assert found.true[[2, 5]].argmax(1).tolist() == [3, 1] and found.true[[2, 5]].max(1).values.min() > 0.999
    assert found.fraction.low <= found.fraction.estimate <= found.fraction.high


def test_images_without_a_label_get_their_class_and_change_the_share_hardly() -> None:
    sample, wrong = clusters(per_class=40, rate=0.25)
    true = torch.arange(CLASSES).repeat_interleave(40)
    missing = torch.arange(len(true)) % 10 == 0
    found = audit(replace(sample, labels=sample.labels.masked_fill(missing, -1)))
    assert (found.true[missing].argmax(1) == true[missing]).float().mean() > 0.9
    assert abs(found.fraction.estimate - wrong[~missing.numpy()].mean()) < 0.05


def test_the_posterior_is_bayes_rule_image_by_image_and_decisions_are_certain() -> None:
    generator = torch.Generator().manual_seed(4)
    pooled = torch.randn(7, 3, generator=generator).log_softmax(1)
    matrix = torch.rand(3, 3, generator=generator).softmax(1).double()
    labels, checked = torch.tensor([0, 1, 2, -1, 0, 1, -1]), torch.tensor([-1, 2, -1, -1, 0, -1, 1])
    found = posterior(pooled, Evidence(pooled[None], labels, 0, checked), matrix).numpy()
    for image in range(7):
        if checked[image] >= 0:
            expected = [float(z == checked[image]) for z in range(3)]
        else:
            given = int(labels[image])
            joint = [float(pooled[image, z].exp()) * (float(matrix[z, given]) if given >= 0 else 1) for z in range(3)]
            expected = [one / sum(joint) for one in joint]
        np.testing.assert_allclose(found[image], expected, rtol=1e-5)


def test_a_clean_set_has_an_interval_that_reaches_zero_and_one_with_a_tenth_wrong_has_not() -> None:
    for rate, reaches in ((0.0, True), (0.1, False)):
        sample, _ = clusters(per_class=50, rate=rate)
        assert (audit(sample).fraction.low == 0) is reaches


def test_without_names_labels_that_leak_to_the_next_class_are_in_the_interval_or_told_as_a_rival() -> None:
    sample, wrong = clusters(per_class=30, rate=0.4, classes=8)
    true = torch.arange(8).repeat_interleave(30)
    labels = torch.where(torch.from_numpy(wrong), (true + 1) % 8, true)
    found = audit(replace(sample, labels=labels, text=torch.zeros_like(sample.text)))
    assert found.fraction.low <= wrong.mean() <= found.fraction.high
    assert min(abs(one - wrong.mean()) for one in (found.fraction.estimate, *found.rival_fractions)) < 0.1


def test_labels_that_follow_the_look_of_an_image_are_told_as_a_rival_where_zero_shot_is_sure_of_other_classes() -> None:
    sample, _ = clusters(per_class=40, rate=0.0, classes=8)
    cosines, true = sample.features @ sample.text.T, sample.labels
    second = cosines.scatter(1, true[:, None], -1).argmax(1)
    margin = cosines.gather(1, true[:, None]) - cosines.gather(1, second[:, None])
    wrong = margin[:, 0] < margin.quantile(0.3)
    found = audit(replace(sample, labels=torch.where(wrong, second, true), scale=100.0))
    assert found.fraction.estimate + APART <= max(found.rival_fractions)
    assert found.fraction.low <= 0.3 <= found.fraction.high > max(found.rival_fractions) + 0.01


def test_an_interval_is_about_these_very_images_so_clear_ones_leave_less_doubt_than_a_draw_of_as_many() -> None:
    sample, wrong = clusters(per_class=50, rate=0.3)
    found = audit(sample).fraction
    drawn = 2 * 1.96 * (0.3 * 0.7 / len(wrong)) ** 0.5
    assert found.low <= wrong.mean() <= found.high and found.high - found.low < drawn


def test_what_is_said_names_every_explanation_smallest_first() -> None:
    interval = Interval(0.38, 0.3, 0.45)
    assert said(interval) == ["probably wrong: 38.0% of the labels (30.0% to 45.0%)"]
    assert said(interval, [0.02, 0.1])[0] == "2%, 10% or 38% of the labels wrong: the labels alone cannot tell"
