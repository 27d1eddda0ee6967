"""EM for true labels: against slow loops, on cases with a known answer, and with padding."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from methods.functional import label_em as module
from methods.functional.label_em import (
    Explanation,
    Given,
    contradicted,
    explain,
    from_labels,
    from_names,
    likelihoods,
    refined,
)
from methods.functional.noise_matrix import even

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
    return Given.of(features, labels, torch.ones_like(labels, dtype=torch.bool), classifiers)


def shop(swapped: bool, seed: int = 1) -> tuple[Given, Tensor]:
    """Clear classes with an eighth of the labels wrong, names at chance or exchanged, and the true classes."""
    generator = torch.Generator().manual_seed(seed)
    true = torch.arange(C).repeat_interleave(16)
    features = normalize(torch.eye(E)[true] + 0.15 * torch.randn(len(true), E, generator=generator), dim=-1)
    labels = true.clone()
    labels[::8] = (labels[::8] + 1) % C
    names = torch.eye(E)[[1, 0, 3, 2]] if swapped else torch.randn(C, E, generator=generator)
    return given_of(features[None], labels[None], 5 * names[None, None]), true


def slow_likelihoods(labels: list[int], true: Tensor, right: float, mass: float) -> Tensor:
    """T[k, y_i] [N, C], each image's own count left out, with loops."""
    found = torch.zeros(len(labels), C)
    prior = even(torch.tensor(right), C)
    for i, label in enumerate(labels):
        for k in range(C):
            others = [j for j in range(len(labels)) if j != i]
            same = sum(float(true[j, k]) for j in others if labels[j] == label)
            found[i, k] = (same + mass * float(prior[k, label])) / (sum(float(true[j, k]) for j in others) + mass)
    return found


def test_an_image_s_own_label_is_left_out_of_how_labels_go_wrong_and_the_likeliest_mass_is_taken() -> None:
    features, labels, classifiers = case()
    given = given_of(features, labels, classifiers)
    generator = torch.Generator().manual_seed(5)
    true = torch.randn(R, N, C, generator=generator).mul(3).softmax(-1)
    true[0] = 0.9 * one_hot(labels[0], C) + 0.1 * true[0]
    p, right = torch.randn(R, N, C, generator=generator).softmax(-1), torch.tensor([0.8, 0.4])
    found = likelihoods(given, true, p, right)
    for r in range(R):
        tried = [slow_likelihoods(labels[r].tolist(), true[r], float(right[r]), mass) for mass in module.MASSES]
        best = max(tried, key=lambda one: float((p[r] * one).sum(-1).log().sum()))
        torch.testing.assert_close(found[r], best)


def slow_round(given: Given, found: Explanation, r: int) -> tuple[Tensor, Tensor]:
    """What one round makes of a replica's posterior [N, C], and each label's log-probability [N], image by image."""
    x, labels, ridge = given.features[r], given.labels[r].tolist(), float(found.ridge[r])
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
        cosines = x @ given.classifiers[j, r].T
        logits = logits + found.pool[r, j] * (cosines - cosines.mean(1, keepdim=True))
    p = logits.softmax(-1)
    tried = [slow_likelihoods(labels, found.true[r], float(found.right[r]), mass) for mass in module.MASSES]
    joint = p * max(tried, key=lambda one: float((p * one).sum(-1).log().sum()))
    return joint / joint.sum(1, keepdim=True), joint.sum(1).log()


def test_rounds_equal_slow_loops() -> None:
    given = given_of(*case())
    first = from_labels(given)
    for rounds in (0, 1, 3):
        before, after = refined(given, first, rounds), refined(given, first, rounds + 1)
        for r in range(R):
            true, each = slow_round(given, before, r)
            torch.testing.assert_close(before.each[r], each)
            torch.testing.assert_close(after.true[r], true)
        right = (after.true * given.shares).sum((1, 2)) / N
        torch.testing.assert_close(after.right, right)


def test_the_start_takes_the_ridge_that_makes_the_given_labels_likeliest(monkeypatch: pytest.MonkeyPatch) -> None:
    given = given_of(*case())
    found, ridges, likeliest = from_labels(given), module.RIDGES, []
    for ridge in ridges:
        monkeypatch.setattr(module, "RIDGES", (ridge,))
        likeliest.append(from_labels(given).each.sum(1))
    assert found.ridge.tolist() == [ridges[int(best)] for best in torch.stack(likeliest).argmax(0)]


def test_a_start_by_names_sees_labels_by_their_fraction_of_right_ones_alone() -> None:
    features, labels, classifiers = case()
    given = given_of(features, labels, classifiers)
    found = from_names(given, torch.ones(R))
    p = (given.named * found.pool.T[:-1, :, None, None]).sum(0).softmax(-1)
    joint = p * even(found.right, C).mT.take_along_dim(labels[..., None], 1)
    torch.testing.assert_close(found.true, joint / joint.sum(-1, keepdim=True), atol=0.02, rtol=0)


def test_the_likelier_end_is_taken_replica_by_replica() -> None:
    given = given_of(*case(3))
    ends = [refined(given, first, 8) for first in (from_labels(given), from_names(given, from_labels(given).ridge))]
    found = explain(given)
    for r in range(R):
        allowed = [end for end in ends if not contradicted(end.true, given.labels)[r]]
        likelier = max(allowed, key=lambda end: float(end.each[r].sum()))
        torch.testing.assert_close(found.true[r], likelier.true[r])


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_classes_do_not_change_places_where_names_say_nothing_or_something_else(swapped: bool, seed: int) -> None:
    given, true = shop(swapped, seed)
    found = explain(given)
    predicted = (given.features @ found.classifier(given).mT)[0].argmax(-1)
    assert (predicted == true).double().mean() >= 0.95
    assert float(found.right) > 0.8


@pytest.mark.parametrize(("own", "other", "gone"), [(0, 7, True), (0, 6, False), (1, 11, True), (1, 10, False)])
def test_a_name_is_contradicted_by_one_other_label_and_not_by_many_that_are_wrong_at_random(
    own: int, other: int, gone: bool
) -> None:
    labels = torch.tensor([[0] * own + [1] * other + [1, 2, 3]])
    true = one_hot(torch.tensor([[0] * (own + other) + [1, 2, 3]]), C).double()
    spread_out = torch.tensor([[0] * own + [1, 2, 3] * 4 + [1, 2, 3]])
    many = one_hot(torch.tensor([[0] * (own + 12) + [1, 2, 3]]), C).double()
    assert contradicted(true, labels).tolist() == [gone]
    assert contradicted(many, spread_out).tolist() == [False]


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
    expected = (found.pool.T[:-1, :, None, None] * given.classifiers).sum(0) + found.bias[..., None] * given.common[
        :, None
    ]
    torch.testing.assert_close(rest, expected)


def list_of(found: Explanation) -> list[Tensor]:
    return [found.true, found.pool, found.bias, found.ridge, found.right, found.each]


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
    padded = Given.of(*more, valid, classifiers)
    whole, found = explain(plain), explain(padded)
    torch.testing.assert_close(found.true[:, :N], whole.true)
    assert not found.true[:, N:].any() and not found.each[:, N:].any()
    torch.testing.assert_close(found.classifier(padded), whole.classifier(plain))
