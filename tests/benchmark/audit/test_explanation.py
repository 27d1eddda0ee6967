"""What is estimated of true classes, the fraction of wrong labels, pairs, misfits and measures, by known truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.audit import detectors
from benchmark.audit.classifiers import audit, classifiers, tempered
from benchmark.audit.explanation import EXPECTED, Evidence, explain, wrong_probability
from benchmark.audit.pairs import conflicting_pairs, fits_none
from benchmark.audit.ranking_quality import calibration_error, confident_fraction, quality
from benchmark.audit.sample import Sample
from datamodules.errors import DataError
from methods.functional.noise_matrix import even
from tests.benchmark.audit.samples import CLASSES, clusters


@pytest.mark.parametrize("name", detectors.known())
def test_a_detector_finds_wrong_labels_of_clusters_and_gives_the_same_again(name: str) -> None:
    sample, wrong = clusters()
    found = detectors.label_quality(name, sample)
    assert found.shape == sample.labels.shape and torch.isfinite(found).all()
    assert quality(found.numpy(), wrong).auroc > 85
    fresh = Sample(sample.features, sample.labels, sample.text, sample.scale, sample.seed)
    torch.testing.assert_close(found, detectors.label_quality(name, fresh), rtol=0, atol=0)


def test_an_unknown_detector_is_named_with_the_nearest_one() -> None:
    with pytest.raises(DataError, match="did you mean 'ridge'"):
        detectors.check("rigde")


def test_logistic_ranks_as_cleanlab_does() -> None:
    rank = pytest.importorskip("cleanlab.rank")
    from benchmark.audit.detectors.logistic import probabilities

    sample, _ = clusters(spread=0.4)
    theirs = rank.get_label_quality_scores(sample.labels.numpy(), probabilities(sample).numpy())
    np.testing.assert_allclose(detectors.label_quality("logistic", sample).numpy(), theirs, atol=1e-6)


@pytest.mark.parametrize("spread", [0.12, 0.4, 0.8])
def test_the_fraction_by_confident_learning_is_cleanlabs(spread: float) -> None:
    count = pytest.importorskip("cleanlab.count")
    from benchmark.audit.detectors.logistic import probabilities

    sample, _ = clusters(spread=spread)
    labels, found = sample.labels.numpy(), probabilities(sample).numpy().astype(np.float64)
    joint = count.compute_confident_joint(labels, found, calibrate=False)  # it would round what it calibrates
    joint = joint / joint.sum(1, keepdims=True) * np.bincount(labels)[:, None] / len(labels)
    assert confident_fraction(found, labels) == pytest.approx(1 - joint.trace(), abs=1e-9)


def test_cleanlab_takes_the_probabilities_of_an_audit() -> None:
    filtering = pytest.importorskip("cleanlab.filter")
    sample, wrong = clusters()
    issues = filtering.find_label_issues(sample.labels.numpy(), audit(sample).pooled.exp().numpy())
    assert (issues == wrong).mean() > 0.95


def explained(logs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Weights of classifiers [K, P, C] after EM from equal ones."""
    start = torch.full((len(logs),), 1.0, dtype=torch.float64)
    flat = even(torch.tensor(0.8).double(), logs.shape[2])
    return explain(Evidence(logs, labels, 0, torch.full_like(labels, -1)), start, flat).weights


def test_the_posterior_of_an_explanation_follows_bayes_rule() -> None:
    sample, _ = clusters(per_class=10)
    logs = sample.zero_shot[None]
    flat = even(torch.tensor(0.8).double(), CLASSES)
    found = explain(Evidence(logs, sample.labels, 1, torch.full_like(sample.labels, -1)), torch.ones(1).double(), flat)
    for i in range(0, len(sample.labels), 9):
        joint = [float(found.pooled[i, z].exp() * found.matrix[z, sample.labels[i]]) for z in range(CLASSES)]
        np.testing.assert_allclose(found.true[i], np.array(joint) / sum(joint), atol=1e-5)
        others = sum(float(found.true[i, z]) for z in range(CLASSES) if z != int(sample.labels[i]))
        assert float(found.wrong(sample.labels)[i]) == pytest.approx(others, abs=1e-6)


def test_weights_climb_to_where_the_slope_of_the_objective_is_zero() -> None:
    """Numerical slopes of expected log-likelihood, entropy price and pull at the weights that EM stays at."""
    from benchmark.audit.explanation import OTHER, PRICE, PULL

    sample, _ = clusters(per_class=30, spread=0.3)
    logs = torch.stack([sample.zero_shot, (3 * sample.centred @ sample.text.T).log_softmax(1)]).double()
    evidence = Evidence(logs, sample.labels, 0, torch.full_like(sample.labels, -1))
    found = explain(evidence, torch.ones(2).double(), even(torch.tensor(0.8).double(), CLASSES), rounds=300)
    weights = found.weights.clone().requires_grad_()
    pooled = torch.tensordot(weights, logs, 1).log_softmax(1)
    value = (found.true * pooled).sum() + PRICE * (pooled.exp() * pooled).sum()
    (value - PULL * (weights - OTHER).square().sum()).backward()
    free = found.weights > 1e-6
    assert weights.grad is not None and weights.grad[free].abs().max() < 0.05


def test_a_classifier_of_pure_chance_gets_less_weight_than_a_good_one() -> None:
    sample, _ = clusters(per_class=200)
    chance = sample.zero_shot[torch.randperm(len(sample.labels), generator=torch.Generator().manual_seed(1))]
    weights = explained(torch.stack([sample.zero_shot, chance]), sample.labels)
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


def test_the_interval_is_wide_and_what_is_expected_matters_where_classes_overlap() -> None:
    found = {}
    for spread in (0.12, 0.8):
        sample, wrong = clusters(per_class=60, spread=spread, rate=0.4)
        for expected in (EXPECTED, 0.4):
            found[spread, expected] = audit(sample, expected=expected).fraction
            assert found[spread, expected].low <= wrong.mean() <= found[spread, expected].high
    apart, overlapping = found[0.12, EXPECTED], found[0.8, EXPECTED]
    assert overlapping.high - overlapping.low > 2 * (apart.high - apart.low)
    assert found[0.8, 0.4].estimate > overlapping.estimate + 0.02
    assert abs(found[0.12, 0.4].estimate - apart.estimate) < 0.03


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.4])
def test_the_interval_of_the_fraction_holds_the_truth_where_classes_are_well_apart(rate: float) -> None:
    sample, wrong = clusters(per_class=60, rate=rate)
    found = audit(sample)
    assert found.fraction.low <= wrong.mean() <= found.fraction.high
    assert found.fraction.high - found.fraction.low < 0.2
    assert calibration_error(wrong_probability(found.true, sample.labels).numpy(), wrong) < 0.05


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
    found = quality(-score, wrong)
    assert found.auroc == pytest.approx(100 * np.mean(pairs))
    assert found.ap == pytest.approx(100 * np.mean(precisions))
    assert found.precision == pytest.approx(100 * np.mean(hits[: int(wrong.sum())]))
    assert np.isnan(quality(score, np.zeros(30, bool)).auroc)
