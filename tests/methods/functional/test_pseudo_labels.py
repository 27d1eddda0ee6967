"""Pseudo-labels: the surest of each class, random ones, spill-over where classes are full, and GRIP's weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.functional.pseudo_labels import assign_with_capacity, balance, most_confident, random_choice
from tests.reference.grip import top_k


def guesses(replicas: int, images: int, classes: int, scale: float = 3.0) -> torch.Tensor:
    return scale * torch.randn(replicas, images, classes, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("k", [1, 4, 10, 13])
def test_spill_over_equals_the_rule_read_one_image_at_a_time_in_any_order(k: int) -> None:
    logits = guesses(2, 60, 5)
    found = assign_with_capacity(logits, k)
    for row, own in zip(logits, found, strict=True):
        probabilities = row.double().softmax(-1).tolist()
        for seed in (0, 1):
            order = np.random.default_rng(seed).permutation(60).tolist()
            assert own.tolist() == top_k(probabilities, k, order)


def test_every_class_is_full_as_long_as_there_are_images_enough() -> None:
    one_sided = guesses(1, 60, 5) + torch.tensor([9.0, 0, 0, 0, 0])
    for k in (3, 12):
        assert torch.bincount(assign_with_capacity(one_sided, k)[0] + 1, minlength=6)[1:].tolist() == [k] * 5
    assert torch.bincount(assign_with_capacity(one_sided, 12)[0]).tolist() == [12] * 5


def test_images_that_are_certain_beyond_float32_are_still_told_apart_and_ties_go_to_the_first() -> None:
    logits = torch.tensor([[[20.0, 0.0], [21.0, 0.0], [21.0, 0.0]]])
    assert assign_with_capacity(logits, 1).tolist() == [[1, 0, -1]]


def test_turns_that_change_nothing_are_over_and_long_chains_of_rejection_are_followed() -> None:
    """Twenty images prefer the same classes in the same order: each class but the last sends all but one on."""
    logits = -torch.arange(20.0).expand(1, 20, 20) + torch.arange(20.0)[None, :, None] * torch.eye(20)
    found = assign_with_capacity(logits, 1)[0].tolist()
    assert found == top_k(logits[0].double().softmax(-1).tolist(), 1, range(20))
    assert sorted(found) == list(range(20))


def test_images_propose_to_their_candidates_alone_and_leave_room_there() -> None:
    logits = guesses(2, 30, 4)
    candidates = torch.rand(2, 30, 4, generator=torch.Generator().manual_seed(6)) > 0.5
    found = assign_with_capacity(logits, 4, candidates)
    for row, own, may in zip(logits, found, candidates, strict=True):
        assert all(label == -1 or may[image, label] for image, label in enumerate(own.tolist()))
        assert all((own == c).sum() <= 4 for c in range(4))
        for image in np.flatnonzero(own.numpy() == -1):
            for c in np.flatnonzero(may[image].numpy()):
                sure = row.double().log_softmax(-1)[:, c]
                assert (own == c).sum() == 4 and all(sure[other] >= sure[image] for other in np.flatnonzero(own == c))


@pytest.mark.parametrize("k", [1, 3, 100])
def test_the_surest_of_each_class_are_those_of_a_loop(k: int) -> None:
    probabilities = guesses(1, 40, 5)[0].softmax(-1)
    images, labels = most_confident(probabilities, k)
    expected = []
    for c in range(5):
        own = [i for i in range(40) if int(probabilities[i].argmax()) == c]
        expected += [(i, c) for i in sorted(own, key=lambda i: (-float(probabilities[i, c]), i))[:k]]
    assert list(zip(images.tolist(), labels.tolist(), strict=True)) == expected


def test_random_images_of_a_class_are_other_ones_for_another_generator_and_not_the_surest() -> None:
    probabilities = guesses(1, 200, 3)[0].softmax(-1)
    first, again, other = (
        random_choice(probabilities, 5, torch.Generator().manual_seed(seed))[0].tolist() for seed in (1, 1, 2)
    )
    assert first == again != other and len(set(first)) == 15
    images, labels = random_choice(probabilities, 5, torch.Generator().manual_seed(1))
    assert labels.tolist() == probabilities[images].argmax(-1).tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert set(first) != set(most_confident(probabilities, 5)[0].tolist())


def test_weights_of_labelled_and_pseudo_labelled_losses() -> None:
    def weights(labelled: float, pseudo: float, *how: bool, power: float = 1.0) -> list[float]:
        found: list[float] = balance(torch.tensor(labelled), torch.tensor(pseudo), *how, power=power).tolist()
        return found

    assert weights(4.0, 8.0, True, True) == weights(4.0, 8.0, True, False) == [1.0, 0.5]
    assert weights(4.0, 8.0, False, True) == [2.0, 1.0]
    assert weights(4.0, 8.0, False, False) == [0.5, 1.0]
    assert weights(4.0, 8.0, False, True, power=2.0) == [4.0, 1.0]
    for how in ((True, True), (False, True), (False, False)):
        assert weights(0.0, 8.0, *how) == [0.0, 1.0] and weights(4.0, 0.0, *how) == [1.0, 0.0]
        assert weights(0.0, 0.0, *how) == [0.0, 0.0]
