"""EM for true labels: against slow loops, on cases with a known answer, and with padding."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from methods.functional import label_em as module
from methods.functional import log_linear_pool
from methods.functional.label_em import (
    Explanation,
    Given,
    explain,
    refined,
    starts,
)
from methods.functional.label_noise_evidence import MASSES
from methods.functional.log_linear_pool import pull
from methods.functional.noise_matrix import even
from tests.methods.functional.test_label_noise_evidence import slow_likelihoods

J, R, N, C, E = 2, 2, 30, 4, 6


@pytest.fixture(autouse=True)
def double() -> Iterator[None]:
    """Float64, so that loops and tensors agree to many digits."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def case(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Unit features [R, N, E], given labels [R, N] and named classifiers [J, R, C, E]."""
    generator = torch.Generator().manual_seed(seed)
    true = torch.randint(0, C, (R, N), generator=generator)
    centres = torch.randn(C, E, generator=generator)
    features = normalize(centres[true] + torch.randn(R, N, E, generator=generator), dim=-1)
    wrong = torch.rand(R, N, generator=generator) < 0.3
    given = torch.where(wrong, torch.randint(0, C, (R, N), generator=generator), true)
    return features, given, 3 * normalize(centres + torch.randn(J, R, C, E, generator=generator), dim=-1)


def given_of(features: Tensor, labels: Tensor, classifiers: Tensor) -> Given:
    given = Given.of(features, labels, torch.ones_like(labels, dtype=torch.bool), classifiers[0])
    for classifier in classifiers[1:]:
        given = given.beside(classifier)
    return given


def shop(swapped: bool, seed: int = 1) -> tuple[Given, Tensor]:
    """Clear classes with an eighth of the labels wrong, names at chance or exchanged, and the true classes."""
    generator = torch.Generator().manual_seed(seed)
    true = torch.arange(C).repeat_interleave(16)
    features = normalize(torch.eye(E)[true] + 0.15 * torch.randn(len(true), E, generator=generator), dim=-1)
    labels = true.clone()
    labels[::8] = (labels[::8] + 1) % C
    names = torch.eye(E)[[1, 0, 3, 2]] if swapped else torch.randn(C, E, generator=generator)
    return given_of(features[None], labels[None], 5 * names[None, None]), true


def slow_round(given: Given, found: Explanation, r: int) -> tuple[Tensor, Tensor]:
    """What one round makes of a replica's posterior [N, C], and each label's log-probability [N], image by image."""
    x, labels, ridge = given.features[r], given.labels[r, 0].tolist(), float(given.ridge[r])
    values = torch.zeros(N, C)
    for i in range(N):
        rest = torch.arange(N) != i
        s = found.true[r, rest]
        inverse = torch.linalg.inv(x[rest].T @ x[rest] + ridge * torch.eye(E))
        values[i] = x[i] @ inverse @ x[rest].T @ (s / (s.sum(0) + 0.25))
    values = values - values.mean(1, keepdim=True)
    values = values / values.square().mean().sqrt()
    mean = x.mean(0)
    logits = found.pool[r, -1] * values + torch.outer(x @ mean / mean.square().sum(), found.bias[r])
    for j in range(J):
        cosines = x @ given.classifiers[r, j].T
        logits = logits + found.pool[r, j] * (cosines - cosines.mean(1, keepdim=True))
    p = logits.softmax(-1)
    tried = [slow_likelihoods(labels, found.true[r], float(found.right[r]), mass) for mass in MASSES]
    joint = p * max(tried, key=lambda one: float((p * one).sum(-1).log().sum()))
    return joint / joint.sum(1, keepdim=True), joint.sum(1).log()


def test_rounds_equal_slow_loops() -> None:
    given = given_of(*case())
    balance, _, first = starts(given)
    given = given.shifted(balance)
    for rounds, start in ((0, 0), (1, 1), (3, 0), (3, 1)):
        which = torch.full((R,), start)
        before, after = (refined(given, first, n).picked(which) for n in (rounds, rounds + 1))
        for r in range(R):
            true, each = slow_round(given, before, r)
            torch.testing.assert_close(before.each[r], each)
            torch.testing.assert_close(after.true[r], true)
        right = (after.true * given.shares[:, 0]).sum((1, 2)) / N
        torch.testing.assert_close(after.right, right)


@pytest.mark.parametrize("beaten", [0.0, 1.0])
def test_the_ridge_is_that_which_makes_the_given_labels_likeliest_beside_names_a_small_one_by_some_nats(
    beaten: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    features, labels, classifiers = case(40)
    ridges, alone = (30.0, 3.0, 0.3), []
    for name, value in {"RIDGES": ridges, "LARGE": 1, "BEATEN": beaten}.items():
        monkeypatch.setattr(module, name, value)
    given = given_of(features, labels, classifiers)
    for ridge in ridges:
        monkeypatch.setattr(module, "RIDGES", (ridge,))
        one = given_of(features, labels, classifiers[:1])
        alone.append(module._even_noise(one, one.scores(one.by_labels)).each[:, 0].sum(1))
    likely = torch.stack(alone) - torch.tensor([[0.0], [beaten], [beaten]])
    assert given.ridge.tolist() == [0.3, 30.0 if beaten else 0.3]
    assert given.ridge.tolist() == [ridges[number] for number in likely.argmax(0).tolist()]


def test_a_start_by_names_sees_labels_by_their_fraction_of_right_ones_alone() -> None:
    features, labels, classifiers = case()
    given = given_of(features, labels, classifiers)
    balance, _, both = starts(given)
    given, found = given.shifted(balance), both.picked(torch.ones(R).long())
    p = (given.named * found.pool[:, :-1, None, None]).sum(1).softmax(-1)
    joint = p * even(found.right, C).mT.take_along_dim(labels[..., None], 1)
    torch.testing.assert_close(found.true, joint / joint.sum(-1, keepdim=True), atol=0.02, rtol=0)


def test_the_end_that_is_likelier_less_what_its_weights_cost_is_taken_replica_by_replica() -> None:
    given = given_of(*case(54))
    balance, _, start = starts(given)
    both = refined(given.shifted(balance), start, 8)
    ends = [both.picked(torch.full((R,), start)) for start in (0, 1)]
    found = explain(given)
    assert both.each[1, 0].sum() > both.each[1, 1].sum() and torch.equal(found.each[1], both.each[1, 1])
    for r in range(R):
        likelier = max(ends, key=lambda end: float(end.each[r].sum() - pull(end.pool[r], end.bias[r])))
        torch.testing.assert_close(found.true[r], likelier.true[r])


def test_names_are_left_out_where_labels_gain_no_nats_by_them_alone_and_beside_the_regression() -> None:
    features, labels, classifiers = case(45)
    classifiers[:, 0] = 3 * torch.eye(C, E).roll(1, 0)
    given = given_of(features, labels, classifiers)
    balance, told, start = starts(given)
    assert told.tolist() == [False, True]
    found, without = explain(given), replace(given, named=0 * given.named, balance=0 * given.balance)
    assert not found.pool[0, :-1].any() and found.pool[1, :-1].any()
    torch.testing.assert_close(found.true[0], explain(without).true[0])
    served = given.shifted(balance)
    names = torch.cat([served.scores(given.by_labels), served.scores(0 * given.by_labels)], 1)
    fits = [module._even_noise(given, names), module._even_noise(given, without.scores(given.by_labels))]
    (some, alone), none = fits[0].each.sum(-1).sub(pull(fits[0].pool, fits[0].bias)).T, fits[1].each[:, 0].sum(-1)
    none = none - pull(fits[1].pool, fits[1].bias)[:, 0]
    assert torch.equal(told, alone + N * math.log(C) + (some - none).clamp(min=-module.LOST) > 0)
    torch.testing.assert_close(start.true[0], fits[1].true[0].expand(2, -1, -1))
    torch.testing.assert_close(start.true[1], fits[0].true[1])


def test_names_that_two_classes_exchanged_are_given_back() -> None:
    features, _, classifiers = case(3)
    names = 8 * classifiers[:1]
    labels = (features @ names[0].mT).argmax(-1)
    found = given_of(features, labels, names[:, :, [1, 0, 2, 3]])
    torch.testing.assert_close(found.classifiers[:, 0], names[0])
    torch.testing.assert_close(found.balance, given_of(features, labels, names).balance)


@pytest.mark.parametrize("seed", [0, 1])
def test_balanced_names_give_classes_the_shares_of_labels_and_even_images(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_linear_pool, "BALANCING", 300)
    given = given_of(*case(seed))
    for r, j in ((0, 0), (1, 1)):
        bias, constant = given.balance[r, j], given.constant[r, 0]
        p = (given.named[r, j] + torch.outer(constant, bias)).softmax(-1)
        counts = torch.bincount(given.labels[r, 0], minlength=C) + log_linear_pool.EVEN
        target = (counts / counts.sum()).expand(N, C)
        slope = ((target - p) * constant[:, None]).sum(0) - log_linear_pool.FREE * bias
        torch.testing.assert_close(slope, torch.zeros(C), atol=1e-6, rtol=0)
        assert bias.abs().max() > 0.1


def test_names_are_balanced_where_that_makes_the_labels_likelier_replica_by_replica() -> None:
    given = given_of(*case(3))
    kept, _, found = starts(given)
    assert kept[0].any() and not kept[1].any()
    torch.testing.assert_close(kept[0], given.balance[0])
    for balance in (0 * given.balance, given.balance):
        given_so = replace(given.shifted(balance), balance=0 * balance)
        assert (starts(given_so)[2].each[:, 0].sum(-1) <= found.each[:, 0].sum(-1)).all()


def test_the_classifier_carries_the_balance_of_names() -> None:
    given = given_of(*case(3))
    balance, _, start = starts(given)
    shifted = given.shifted(balance)
    own = refined(shifted, start, 8)
    found = explain(given)
    end = next(e for e in (own.picked(torch.full((R,), n)) for n in (0, 1)) if torch.allclose(e.true[0], found.true[0]))
    torch.testing.assert_close(found.classifier(given)[0], end.classifier(shifted)[0])


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_classes_do_not_change_places_where_names_say_nothing_or_something_else(swapped: bool, seed: int) -> None:
    given, true = shop(swapped, seed)
    found = explain(given)
    predicted = (given.features @ found.classifier(given).mT)[0].argmax(-1)
    assert (predicted == true).double().mean() >= 0.95
    assert float(found.right) > 0.8


def test_names_tell_which_class_is_meant_where_half_of_its_labels_are_the_next_one_s() -> None:
    true = torch.arange(C).repeat_interleave(16)
    generator = torch.Generator().manual_seed(2)
    features = normalize(torch.eye(E)[true] + 0.15 * torch.randn(len(true), E, generator=generator), dim=-1)
    labels = torch.where(torch.arange(len(true)) % 2 == 0, true, (true + 1) % C)
    given = given_of(features[None], labels[None], 6 * torch.eye(E)[None, None, :C])
    assert (explain(given).true[0].argmax(-1) == true).all()


def test_logits_of_the_classifier_are_those_of_the_pool() -> None:
    given = given_of(*case())
    found = explain(given, 0)
    no_names = Explanation(found.true, found.pool * torch.tensor([0, 0, 1.0]), 0 * found.bias, *list_of(found)[3:])
    rest = found.classifier(given) - no_names.classifier(given)
    by_names = (found.pool[:, :-1, None, None] * given.classifiers).sum(1)
    expected = by_names + found.bias[..., None] * given.common[:, None]
    torch.testing.assert_close(rest, expected)


def list_of(found: Explanation) -> list[Tensor]:
    return [found.true, found.pool, found.bias, found.right, found.each]


def test_a_replica_is_explained_as_if_alone() -> None:
    features, labels, classifiers = case()
    both = explain(given_of(features, labels, classifiers))
    for r in range(R):
        row = slice(r, r + 1)
        alone = explain(given_of(features[row], labels[row], classifiers[:, row]))
        for found, expected in zip(list_of(both), list_of(alone), strict=True):
            torch.testing.assert_close(found[row], expected)


def test_padding_changes_nothing() -> None:
    features, labels, classifiers = case()
    plain = given_of(features, labels, classifiers)
    valid = torch.arange(N + 5).expand(R, -1) < N
    more = torch.cat([features, 9 * features[:, :5]], 1), torch.cat([labels, labels[:, :5]], 1)
    padded = Given.of(*more, valid, classifiers[0]).beside(classifiers[1])
    whole, found = explain(plain), explain(padded)
    torch.testing.assert_close(found.true[:, :N], whole.true)
    assert not found.true[:, N:].any() and not found.each[:, N:].any()
    torch.testing.assert_close(found.classifier(padded), whole.classifier(plain))
