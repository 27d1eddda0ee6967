"""Pseudo-labels with spill-over, and the rounds of FPL, IFPL and GRIP."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from datamodules.replica import RunSpec
from methods import fpl, grip, ifpl
from methods.functional.pseudo_labels import assign_with_capacity
from tests.reference.grip import top_k
from tests.support import toy


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


def test_grip_takes_more_in_every_round_until_all_are_used() -> None:
    method = grip.Method(toy.task([0]))
    assert [method.shots(1000, 10, number) for number in range(1, 11)] == [10 * number for number in range(1, 11)]
    assert method.shots(30, 10, 1) == 1


def test_every_round_relabels_with_the_prompts_of_the_last_and_starts_them_afresh(monkeypatch) -> None:
    epochs, seen = 2, []
    method = ifpl.Method(toy.task([0, 1], epochs), rounds=3, k=4)
    label = method._label

    def watch(weights: torch.Tensor, number: int) -> None:
        label(weights, number)
        seen.append((weights.clone(), method.ctx.detach().clone()))

    monkeypatch.setattr(method, "_label", watch)
    start = method.ctx.detach().clone()
    toy.fit([method], toy.data_for([RunSpec(s, 2, paradigm="ul") for s in (0, 1)], epochs), method.total_epochs)
    assert len(seen) == 3
    assert torch.equal(seen[0][0][0], method.zero_shot())
    for weights, trained in seen[1:]:
        assert not torch.equal(trained, start)
        expected = method.task.backbone.encode_prompts(trained, method.layout)
        torch.testing.assert_close(weights, expected)
    assert [method.lr(e) for e in range(2)] == [method.lr(e) for e in range(2, 4)]
    assert method.ctx.isfinite().all() and not torch.equal(method.ctx, start)


@pytest.mark.parametrize("paradigm", ["ssl", "trzsl"])
def test_labelled_images_stay_and_pseudo_labels_go_where_the_paradigm_says(paradigm: str) -> None:
    data = toy.data_for([RunSpec(s, 2, "symmetric", 0.5, paradigm) for s in (3, 4)], 2)
    method = fpl.Method(toy.task([3, 4], 2), k=2)
    toy.fit([method], data, 2)
    for row in range(2):
        given, part = data.given[row], data.sets[row]
        assert part.images[: len(given.images)].tolist() == given.images.tolist()
        assert part.labels[: len(given.labels)].tolist() == given.labels.tolist()
        added = part.images[len(given.images) :]
        assert not set(added) & set(given.images) and len(set(added)) == len(added)
        classes = set(part.labels[len(given.labels) :].tolist())
        assert classes == set(data.unseen(row).tolist())
        assert len(classes) == (6 if paradigm == "ssl" else 3)
        assert (given.labels != data.dataset.train.labels[given.images]).mean() == pytest.approx(0.5, abs=0.01)


def test_where_every_image_is_labelled_the_labelled_ones_count_in_full() -> None:
    data = toy.data_for([RunSpec(0, 12, paradigm="ssl")], 2)
    method = fpl.Method(toy.task([0], 2), k=3)
    toy.fit([method], data, 2)
    assert len(data.unlabelled(0)) == 0
    each = torch.rand(data.batch(0).labels.shape, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(method.mean_per_run(each, data.batch(0))[0], each[0].mean())
    assert not torch.equal(method.ctx, method.start["ctx"])


def test_visual_prompts_go_on_through_their_rounds_where_no_image_is_left_to_label() -> None:
    data = toy.data_for([RunSpec(0, 12, paradigm="ssl")], 1)
    method = grip.Method(toy.task([0], 1), modality="visual", rounds=2)
    toy.fit([method], data, 2)
    assert len(data.unlabelled(0)) == 0
    assert all(parameter.isfinite().all() for parameter in method.parameters())


def test_labelled_and_pseudo_labelled_images_weigh_as_much_as_the_other_kind_is_large() -> None:
    data = toy.data_for([RunSpec(0, 2, paradigm="ssl")], 2)
    method = fpl.Method(toy.task([0], 2), k=3)
    toy.fit([method], data, 2)
    batch = data.batch(0)
    each = torch.rand(batch.labels.shape, generator=torch.Generator().manual_seed(0))
    is_pseudo = torch.tensor([[int(i) not in data.given[0].images for i in batch.images[0]]])
    slow = 18 / 30 * each[~is_pseudo].mean() + 12 / 30 * each[is_pseudo].mean()
    assert is_pseudo.any() and not is_pseudo.all()
    torch.testing.assert_close(method.mean_per_run(each, batch)[0], slow)
