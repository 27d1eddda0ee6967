"""Posteriors, the share of wrong labels, pairs, misfits and measures, where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.audit import detectors
from benchmark.audit.joint import audit
from benchmark.audit.measure import calibration_error, quality
from benchmark.audit.pairs import conflicting_pairs, fits_none
from benchmark.audit.posterior import EXPECTED, estimate, expected_confusion, first_confusion, tempered
from benchmark.audit.sample import Sample
from benchmark.audit.share import wrong_share
from datamodules.errors import DataError
from tests.benchmark.audit.samples import CLASSES, clusters


@pytest.mark.parametrize("name", detectors.known())
def test_a_detector_finds_wrong_labels_of_clusters_and_gives_the_same_again(name: str) -> None:
    sample, wrong = clusters()
    found = detectors.suspicion(name, sample)
    assert found.shape == sample.labels.shape and torch.isfinite(found).all()
    assert quality(found.numpy(), wrong).auroc > 85
    fresh = Sample(sample.features, sample.labels, sample.text, sample.scale, sample.seed)
    torch.testing.assert_close(found, detectors.suspicion(name, fresh), rtol=0, atol=0)


def test_an_unknown_detector_is_named_with_the_nearest_one() -> None:
    with pytest.raises(DataError, match="did you mean 'ridge'"):
        detectors.check("rigde")


def test_logistic_ranks_as_cleanlab_does() -> None:
    rank = pytest.importorskip("cleanlab.rank")
    from benchmark.audit.detectors.logistic import probabilities

    sample, _ = clusters(spread=0.4)
    theirs = rank.get_label_quality_scores(sample.labels.numpy(), probabilities(sample).numpy())
    np.testing.assert_allclose(-detectors.suspicion("logistic", sample).numpy(), theirs, atol=1e-6)


def test_cleanlab_takes_the_probabilities_of_an_audit() -> None:
    filtering = pytest.importorskip("cleanlab.filter")
    sample, wrong = clusters()
    found, _ = audit(sample)
    issues = filtering.find_label_issues(sample.labels.numpy(), found.pooled.exp().numpy())
    assert (issues == wrong).mean() > 0.95


def test_the_confusion_matrix_is_that_of_counts_and_prior() -> None:
    labels = torch.tensor([0, 0, 1, 1, 1])
    true = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1], [1, 0]])
    cells = np.array([[2.0, 1.0], [0.0, 2.0]])
    rate = (1 / 5 + 0.2) / 2
    cells += 6 * np.array([[1 - rate, rate], [rate, 1 - rate]])
    np.testing.assert_allclose(expected_confusion(true, labels), cells / cells.sum(1, keepdims=True), rtol=1e-5)
    twice = expected_confusion(true.repeat(2, 1), labels.repeat(2))
    torch.testing.assert_close(twice, expected_confusion(true, labels, torch.full((5,), 2.0)))
    torch.testing.assert_close(first_confusion(3).sum(1), torch.ones(3))


def test_posteriors_follow_bayes_rule() -> None:
    sample, _ = clusters(per_class=10)
    found, _ = audit(sample)
    for i in range(0, len(sample.labels), 9):
        joint = np.array(
            [float(found.pooled[i, z].exp() * found.confusion[z, sample.labels[i]]) for z in range(CLASSES)]
        )
        np.testing.assert_allclose(found.true[i], joint / joint.sum(), atol=1e-5)
        others = sum(float(found.true[i, z]) for z in range(CLASSES) if z != int(sample.labels[i]))
        assert float(found.wrong(sample.labels)[i]) == pytest.approx(others, abs=1e-6)


def test_a_classifier_of_pure_chance_gets_less_weight_than_a_good_one() -> None:
    sample, _ = clusters(per_class=200)
    good = (30 * sample.features @ sample.text.T).log_softmax(1)
    chance = good[torch.randperm(len(good), generator=torch.Generator().manual_seed(1))]
    weights = estimate([good, chance], sample.labels).weights
    assert weights[0] > 5 * weights[1]


def test_scores_are_brought_to_one_scale_and_those_of_chance_count_for_nothing() -> None:
    sample, _ = clusters(per_class=50, spread=0.3)
    scores = sample.features @ sample.text.T
    torch.testing.assert_close(tempered(scores, sample.labels), tempered(1024 * scores, sample.labels))
    chance = scores[torch.randperm(len(scores), generator=torch.Generator().manual_seed(1))]
    assert tempered(chance, sample.labels).std() < 0.1 * tempered(scores, sample.labels).std()


@pytest.mark.parametrize(("per_class", "spread"), [(2, 0.1), (3, 0.1), (3, 0.2)])
def test_with_few_images_classifiers_that_have_learned_nothing_do_not_mislead_an_audit(
    per_class: int, spread: float
) -> None:
    """Without temperatures, discriminants of two or three images a class outvoted the class names."""
    drawn = [clusters(per_class, 0.4, spread, seed, classes=30) for seed in range(3)]
    names, joint = (
        np.mean([quality(detectors.suspicion(name, sample).numpy(), wrong).auroc for sample, wrong in drawn])
        for name in ("zero_shot", "joint")
    )
    assert joint > names - 1


def test_the_interval_is_wide_and_what_is_expected_matters_where_classes_overlap() -> None:
    share = {}
    for spread in (0.12, 0.8):
        sample, wrong = clusters(per_class=60, spread=spread, rate=0.4)
        for expected in (EXPECTED, 0.4):
            found, parts = audit(sample, expected=expected)
            share[spread, expected] = wrong_share(found, list(parts.values()), sample.labels, expected=expected)
            assert share[spread, expected].low <= wrong.mean() <= share[spread, expected].high
    apart, overlapping = share[0.12, EXPECTED], share[0.8, EXPECTED]
    assert overlapping.high - overlapping.low > 2 * (apart.high - apart.low)
    assert share[0.8, 0.4].estimate > overlapping.estimate + 0.05
    assert abs(share[0.12, 0.4].estimate - apart.estimate) < 0.02


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.4])
def test_the_interval_of_the_share_holds_the_truth_where_classes_are_well_apart(rate: float) -> None:
    sample, wrong = clusters(per_class=60, rate=rate)
    found, parts = audit(sample)
    share = wrong_share(found, list(parts.values()), sample.labels)
    assert share.low <= wrong.mean() <= share.high
    assert share.high - share.low < 0.2
    assert calibration_error(found.wrong(sample.labels).numpy(), wrong) < 0.05


def test_pairs_of_near_duplicates_come_once_and_only_with_different_labels() -> None:
    x = torch.nn.functional.normalize(torch.tensor([[1.0, 0], [1, 0.01], [0, 1], [0.01, 1], [1, 1]]), dim=-1)
    indices = torch.tensor([[1, 4], [0, 4], [3, 4], [2, 4], [0, 2]])
    assert [pair[:2] for pair in conflicting_pairs(x, torch.tensor([0, 1, 2, 2, 0]), indices, 0.98)] == [(0, 1)]
    assert conflicting_pairs(x, torch.zeros(5, dtype=torch.int64), indices, 0.98) == []


def test_an_image_far_from_all_others_fits_no_class() -> None:
    sample, _ = clusters()
    features = sample.features.clone()
    features[7] = -features.mean(0) / features.mean(0).norm()
    isolation, misfits = fits_none(Sample(features, sample.labels, sample.text).nearest[0])
    assert misfits[0] == 7 and isolation.argmax() == 7


def test_quality_equals_a_count_over_all_pairs() -> None:
    generator = np.random.default_rng(0)
    score, wrong = generator.permutation(30) / 30, generator.random(30) < 0.4
    pairs = [score[i] > score[j] for i in np.flatnonzero(wrong) for j in np.flatnonzero(~wrong)]
    order = sorted(range(30), key=lambda i: -score[i])
    hits = [wrong[i] for i in order]
    precisions = [sum(hits[: k + 1]) / (k + 1) for k in range(30) if hits[k]]
    found = quality(score, wrong)
    assert found.auroc == pytest.approx(100 * np.mean(pairs))
    assert found.ap == pytest.approx(100 * np.mean(precisions))
    assert found.precision == pytest.approx(100 * np.mean(hits[: int(wrong.sum())]))
    assert np.isnan(quality(score, np.zeros(30, bool)).auroc)
