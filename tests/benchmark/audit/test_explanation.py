"""The posterior by Bayes' rule, weights at their optimum, and the interval of the fraction of wrong labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.audit.classifiers import audit
from benchmark.audit.explanation import EXPECTED, Evidence, explain, wrong_probability
from benchmark.audit.ranking_quality import calibration_error
from methods.functional.noise_matrix import even
from tests.benchmark.audit.samples import CLASSES, clusters


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
