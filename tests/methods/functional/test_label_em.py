"""EM for true labels: against slow loops, on cases with a known answer, and with padding."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from methods.functional.label_em import (
    above_chance,
    class_means,
    left_out,
    likeliest,
    refuted,
    standardised,
    true_labels,
)

R, N, C, E = 2, 30, 4, 6


def case(seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Unit features [R, N, E], given labels [R, N], log-probabilities [R, N, C]."""
    generator = torch.Generator().manual_seed(seed)
    features = normalize(torch.randn(R, N, E, generator=generator), dim=-1)
    given = torch.randint(0, C, (R, N), generator=generator)
    return features, given, 0.5 * torch.randn(R, N, C, generator=generator)


def slow(
    features: Tensor, given: list[int], judgement: Tensor, prior: float, rounds: int
) -> tuple[np.ndarray, np.ndarray]:
    """One replica, in float64, image by image."""
    x, log_p = features.double().numpy(), judgement.double().numpy()
    n, classes = log_p.shape

    def softmax(row: np.ndarray) -> np.ndarray:
        powers = np.exp(row - row.max())
        return powers / powers.sum()

    q = np.array([softmax(row) for row in log_p])
    share = min(max(sum(q[i, given[i]] for i in range(n)) / n, 1 / classes), 1 - 1e-6)
    start = np.full((classes, classes), (1 - share) / (classes - 1))
    np.fill_diagonal(start, share)

    def estimate() -> np.ndarray:
        counts = prior * n / classes * start
        for i in range(n):
            counts[:, given[i]] += q[i]
        return counts / counts.sum(1, keepdims=True)

    transition = estimate()
    for _ in range(rounds):
        means = [sum(q[i, k] * x[i] for i in range(n)) for k in range(classes)]
        cosines = np.array([[x[i] @ mean / np.linalg.norm(mean) for mean in means] for i in range(n)])
        centred = cosines - cosines.mean(1, keepdims=True)
        scores = centred / math.sqrt((centred**2).mean())
        q = np.array([softmax(log_p[i] + scores[i] + np.log(transition[:, given[i]])) for i in range(n)])
        transition = estimate()
    return q, transition


@pytest.mark.parametrize(("prior", "rounds"), [(0.25, 0), (0.25, 1), (1.0, 7)])
def test_posterior_and_transition_equal_slow_loops(prior: float, rounds: int) -> None:
    features, given, judgement = case()
    q, transition = true_labels(features, given, torch.ones(R, N, dtype=torch.bool), judgement, None, prior, rounds)
    for r in range(R):
        expected = slow(features[r], given[r].tolist(), judgement[r], prior, rounds)
        torch.testing.assert_close(q[r].double(), torch.from_numpy(expected[0]), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(transition[r].double(), torch.from_numpy(expected[1]), atol=1e-4, rtol=1e-4)


def test_padding_changes_nothing() -> None:
    features, given, judgement = case()
    whole = true_labels(features, given, torch.ones(R, N, dtype=torch.bool), judgement)
    more = torch.cat([features, 9 * features[:, :5]], 1), torch.cat([given, given[:, :5]], 1)
    valid = torch.arange(N + 5).expand(R, -1) < N
    padded = true_labels(*more, valid, torch.cat([judgement, judgement[:, :5]], 1))
    torch.testing.assert_close(padded[0][:, :N], whole[0])
    torch.testing.assert_close(padded[1], whole[1])
    assert not padded[0][:, N:].any()


@pytest.mark.parametrize("swapped", [False, True])
def test_clear_classes_are_told_from_wrong_labels(swapped: bool) -> None:
    """Three of ten labels of a class are another class's, at random or all the next one's."""
    true = torch.arange(C).repeat_interleave(10)
    features = normalize(
        torch.eye(E)[true] + 0.1 * torch.randn(4 * 10, E, generator=torch.Generator().manual_seed(1)), dim=-1
    )
    given = true.clone()
    wrong = torch.arange(40) % 10 < 3
    given[wrong] = (true + (1 if swapped else 1 + torch.arange(40) % 3))[wrong] % C
    weak = torch.eye(C)[true]
    q, transition = true_labels(features[None], given[None], torch.ones(1, 40, dtype=torch.bool), weak[None])
    assert (q[0].argmax(-1) == true).all()
    right = transition[0].diagonal()
    assert ((right > 0.6) & (right < 0.8)).all()


def test_names_that_say_something_else_than_the_labels_are_given_up() -> None:
    """The judges call every image of a class by the next one's name; the labels are right."""
    true = torch.arange(C).repeat_interleave(20)
    draw = torch.Generator().manual_seed(1)
    features = normalize(torch.eye(E)[true] + 0.1 * torch.randn(len(true), E, generator=draw), dim=-1)
    given = true
    judgement = standardised(torch.eye(C)[(true + 1) % C][None], torch.ones(1, len(true), dtype=torch.bool))
    q, transition = true_labels(features[None], given[None], torch.ones(1, len(true), dtype=torch.bool), judgement)
    assert (q[0].argmax(-1) == true).all()
    assert (transition[0].diagonal() > 0.8).all()
    both = torch.cat([judgement, standardised(torch.eye(C)[true][None], torch.ones(1, len(true), dtype=torch.bool))])
    pair = true_labels(
        features.expand(2, -1, -1), given.expand(2, -1), torch.ones(2, len(true), dtype=torch.bool), both
    )
    torch.testing.assert_close(pair[0][:1], q, msg="a replica with other names changes nothing here")


def test_judges_that_are_not_trusted_count_in_no_replica_but_theirs() -> None:
    features, given, judgement = case()
    on = torch.ones(R, N, dtype=torch.bool)
    found = true_labels(features, given, on, judgement, torch.tensor([True, False]))
    torch.testing.assert_close(found[0][0], true_labels(features, given, on, judgement)[0][0])
    other = true_labels(features, given, on, judgement + torch.randn(R, N, C), torch.tensor([True, False]))
    torch.testing.assert_close(found[0][1], other[0][1])


def test_agreement_by_chance_is_told_from_more() -> None:
    draw = torch.Generator().manual_seed(3)
    given = torch.randint(0, 10, (200, 160), generator=draw)
    scores = torch.randn(200, 160, 10, generator=draw)
    on = torch.ones(200, 160, dtype=torch.bool)
    assert 0.05 < above_chance(scores, given, on).float().mean() < 0.3
    assert above_chance(scores + 1.5 * torch.nn.functional.one_hot(given, 10), given, on).all()
    half = torch.arange(160).expand(200, -1) < 80
    hidden = torch.where(half.unsqueeze(-1), scores, 9 * torch.nn.functional.one_hot(given, 10))
    assert torch.equal(above_chance(hidden, given, half), above_chance(scores[:, :80], given[:, :80], on[:, :80]))


def test_few_images_refute_no_name() -> None:
    q = torch.eye(2)[[0] * 9 + [1] * 30][None]
    assert not refuted(q, torch.tensor([[1] * 39])).any()
    assert refuted(torch.eye(2)[[0] * 10 + [1] * 30][None], torch.tensor([[1] * 40])).tolist() == [[True, False]]


def test_an_image_is_left_out_of_the_mean_that_it_is_compared_with() -> None:
    features, _, judgement = case()
    q = judgement.softmax(-1)
    found = left_out(features, q)
    for r in range(R):
        for i in range(N):
            rest = torch.arange(N) != i
            means = class_means(features[r : r + 1, rest], q[r : r + 1, rest])[0]
            torch.testing.assert_close(found[r, i], means @ features[r, i], atol=1e-5, rtol=1e-4)


def test_nothing_is_said_of_a_class_whose_only_image_is_left_out() -> None:
    features = torch.eye(3)[None]
    alone = left_out(features, torch.eye(3)[None])
    assert (alone.abs() < 1e-6).all()


def test_the_likeliest_scores_are_found_for_each_replica_by_itself() -> None:
    _, given, judgement = case()
    valid, transition = torch.ones(R, N, dtype=torch.bool), torch.full((R, C, C), 0.1) + 0.6 * torch.eye(C)
    telling = torch.nn.functional.one_hot(given, C).float()
    scores = [judgement, torch.stack([telling[0], judgement[1]]), torch.stack([judgement[0], 3 * telling[1]])]
    best, sharpness = likeliest(scores, given, valid, transition, (0.5, 8.0))
    assert best.tolist() == [1, 2] and sharpness.tolist() == [8.0, 8.0]
    for r in range(R):
        values = []
        for each in scores:
            plain = standardised(each, valid)[r]
            for factor in (0.5, 8.0):
                p = (factor * plain.double()).softmax(-1)
                values.append(sum(float((p[i] * transition[r, :, given[r, i]]).sum().log()) for i in range(N)))
        assert int(np.argmax(values)) == 2 * int(best[r]) + 1


def test_scale_and_a_common_direction_of_the_scores_do_not_matter() -> None:
    _, _, judgement = case()
    valid = torch.ones(R, N, dtype=torch.bool)
    moved = 7 * judgement + torch.randn(R, N, 1, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(standardised(moved, valid), standardised(judgement, valid), atol=1e-4, rtol=1e-4)


def test_half_an_image_is_the_least_that_a_mean_without_an_image_counts_for() -> None:
    """A class of 0.3 of another image and all of the first: what is left is shorter than a half, and shrinks."""
    features = normalize(torch.tensor([[1.0, 0.0], [0.6, 0.8]]), dim=-1)[None]
    shares = torch.tensor([[[1.0], [0.3]]])
    found = left_out(features, shares)[0, :, 0]
    torch.testing.assert_close(found, torch.tensor([0.3 * 0.6 / 0.5, 0.6]))


@pytest.mark.parametrize(
    ("labels", "gone"),
    [
        ([0, 12, 0, 0], True),
        ([1, 24, 0, 0], True),
        ([2, 24, 0, 0], False),
        ([1, 8, 8, 8], False),
        ([0, 9, 0, 0], False),
    ],
)
def test_a_name_is_refuted_by_one_other_label_and_not_by_many_that_are_wrong_at_random(
    labels: list[int], gone: bool
) -> None:
    """`labels` counts the given labels of images that are judged to be of class 0."""
    given = torch.arange(C).repeat_interleave(torch.tensor(labels))
    q = torch.eye(C)[torch.zeros_like(given)]
    assert refuted(q[None], given[None]).tolist() == [[gone, False, False, False]]


@pytest.mark.parametrize(("classes", "given_up"), [(8, True), (9, False)])
def test_wrong_names_are_given_up_where_they_are_a_quarter_of_all(classes: int, given_up: bool) -> None:
    """The judges, who are sure, call the images of two classes by each other's name."""
    true = torch.arange(classes).repeat_interleave(20)
    called = torch.where(true < 2, 1 - true, true)
    features, valid = torch.eye(classes)[true][None], torch.ones(1, len(true), dtype=torch.bool)
    judgement = 9 * standardised(torch.eye(classes)[called][None], valid)
    q, _ = true_labels(features, true[None], valid, judgement)
    assert torch.equal(q[0].argmax(-1), true if given_up else called)
