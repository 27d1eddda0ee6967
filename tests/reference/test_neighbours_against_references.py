"""Methods that compare images with the training images, against plain loops."""

from __future__ import annotations

import pytest
import torch

from datamodules.datamodule import NoisyFewShot
from datamodules.run_spec import RunSpec
from methods import class_means, knn, wann
from methods.core.base import BaseMethod
from methods.core.memory import nearest
from tests.reference import neighbours as slow
from tests.support import toy

RUNS = [RunSpec(1, 12, "symmetric", 0.4), RunSpec(2, 3, "symmetric", 0.5), RunSpec(3, 1, "asymmetric", 0.5)]
SEEDS = [run.seed for run in RUNS]


def fitted(method: BaseMethod) -> tuple[BaseMethod, NoisyFewShot]:
    data = toy.data_for(RUNS, 1)
    toy.fit([method], data, 1)
    return method, data


def plain(data: NoisyFewShot, row: int) -> tuple[list[list[float]], list[int]]:
    images, labels = data.training_set(row)
    return data.pool()[images].double().tolist(), labels.tolist()


def classified(method: BaseMethod, data: NoisyFewShot) -> tuple[torch.Tensor, list[list[float]]]:
    features = data.test_set[0]
    return method.logits(features[None], method.class_weights()), features.double().tolist()


def test_class_means_are_those_of_a_loop() -> None:
    method, data = fitted(class_means.Method(toy.task(SEEDS, 1)))
    logits, queries = classified(method, data)
    for row in range(len(RUNS)):
        means = slow.class_means(*plain(data, row), 6)
        torch.testing.assert_close(method.class_weights()[row], torch.tensor(means), atol=1e-5, rtol=0)
        expected = [[method.task.backbone.scale * slow.dot(mean, query) for mean in means] for query in queries]
        torch.testing.assert_close(logits[row], torch.tensor(expected), atol=1e-4, rtol=0)
    assert (method.class_weights().norm(dim=-1) == 0).any(), "a class that no image is labelled as"


@pytest.mark.parametrize("k", [1, 11, 50])
def test_neighbours_vote_as_in_a_loop_also_where_there_are_fewer_than_k(k: int) -> None:
    method, data = fitted(knn.Method(toy.task(SEEDS, 1), k=k))
    logits, queries = classified(method, data)
    for row in range(len(RUNS)):
        images, labels = plain(data, row)
        expected = torch.tensor([slow.knn_shares(images, labels, query, k, 6) for query in queries])
        torch.testing.assert_close(logits[row].softmax(-1), expected, atol=1e-4, rtol=0)


@pytest.mark.parametrize(("k_min", "k_max"), [(11, 51), (3, 9)])
def test_wann_needs_as_many_neighbours_and_votes_as_its_slow_reading(k_min: int, k_max: int) -> None:
    method, data = fitted(wann.Method(toy.task(SEEDS, 1), k_min=k_min, k_max=k_max))
    logits, queries = classified(method, data)
    seen = set()
    for row in range(2):  # with one image a class, of six, every distance is nearly the same
        images, labels = plain(data, row)
        reading = slow.Wann(images, labels, 6, k_min, k_max)
        assert method.neighbours[row, : len(labels)].tolist() == reading.needed
        seen |= set(reading.needed)
        expected = torch.tensor([reading.shares(query) for query in queries])
        torch.testing.assert_close(logits[row].softmax(-1), expected, atol=1e-4, rtol=0)
    assert len(seen) > 2


def test_wann_compares_unit_features_by_their_cosine_if_asked_to() -> None:
    """Where all reliabilities are equal it is a vote of equals."""
    method, data = fitted(wann.Method(toy.task(SEEDS, 1), k_min=2, k_max=3, standardise=False))
    features = data.test_set[0]
    for row in range(2):
        images, labels = plain(data, row)
        near = (features.double() @ torch.tensor(images).double().T).topk(3).indices
        needed = method.neighbours[row][near]
        asked = torch.arange(3) < needed[:, :1]
        votes = torch.zeros(len(features), 6).scatter_add(1, torch.tensor(labels)[near], asked / needed)
        shares = votes / votes.sum(1, keepdim=True)
        torch.testing.assert_close(
            method.logits(features[None], method.class_weights())[row].softmax(-1), shares, atol=1e-4, rtol=0
        )


def test_blocks_of_queries_find_the_same_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = torch.Generator().manual_seed(0)
    queries, keys = torch.randn(1, 17, 5, generator=draw), torch.randn(2, 9, 5, generator=draw)
    whole = nearest(queries, keys, torch.zeros(2, 9), 4)
    monkeypatch.setattr("methods.core.memory.AT_ONCE", 40)
    for ours, theirs in zip(nearest(queries, keys, torch.zeros(2, 9), 4), whole, strict=True):
        assert ours.shape == (2, 17, 4)
        torch.testing.assert_close(ours, theirs)


def test_a_picture_that_cannot_be_read_is_nobody_s_neighbour() -> None:
    data = toy.data_for(RUNS, 1)
    image = int(data.training_set(0)[0][0])
    data.pool()[image] = 0
    method = knn.Method(toy.task(SEEDS, 1), k=100)
    toy.fit([method], data, 1)
    assert method.targets[0, 0] == -1 and (method.targets[0, 1:] >= 0).all()
