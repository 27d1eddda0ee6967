"""The rounds of FPL, IFPL and GRIP, and how their losses are weighted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from datamodules.order import epoch_batches
from datamodules.run_spec import RunSpec, labelled
from methods import fpl, grip, ifpl
from methods.core.task import Task
from methods.recipes import recipe
from tests.support import toy


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


@pytest.mark.parametrize("unit", [False, True])
def test_the_mean_losses_of_a_batch_are_weighted_by_the_counts_of_the_round(unit: bool) -> None:
    data = toy.data_for([RunSpec(0, 2, paradigm="ssl")], 2)
    own = replace(toy.RECIPE, unit_weights=unit)
    method = fpl.Method(replace(toy.task([0], 2), recipe=own), k=3)
    toy.fit([method], data, 2)
    batch = data.batch(0)
    each = torch.rand(batch.labels.shape, generator=torch.Generator().manual_seed(0))
    is_pseudo = torch.tensor([[int(i) not in data.given[0].images for i in batch.images[0]]])
    slow = (18 / 12 * each[~is_pseudo].mean() + each[is_pseudo].mean()) / (30 / 12 if unit else 1)
    assert is_pseudo.any() and not is_pseudo.all()
    torch.testing.assert_close(method.mean_per_run(each, batch)[0], slow)


@pytest.mark.parametrize(
    ("method", "paradigm", "labelled", "pseudo", "losses", "expected"),
    [
        ("grip", "ssl", 16, 128, (2.0, 1.0), 1.25),
        ("ifpl", "ssl", 16, 128, (2.0, 1.0), 1.25),
        ("fpl", "ssl", 16, 128, (2.0, 1.0), 17.0),
        ("fpl[multimodal]", "ssl", 16, 64, (2.0, 1.0), 5.0),
        ("grip", "trzsl", 128, 16, (2.0, 1.0), 10.0),
        ("fpl", "trzsl", 128, 16, (2.0, 1.0), 10.0),
        ("grip", "ul", 0, 16, (0.0, 1.0), 1.0),
        ("grip", "ssl", 16, 0, (2.0, 0.0), 2.0),
    ],
)
def test_the_losses_are_weighted_as_in_the_released_code(
    method: str, paradigm: str, labelled: int, pseudo: int, losses: tuple[float, float], expected: float
) -> None:
    name = method.partition("[")[0]
    kind = {"grip": grip, "ifpl": ifpl, "fpl": fpl}[name].Method
    options = {"modality": "multimodal"} if "[" in method else {}
    own = kind(**options)
    weights = own.balance(torch.tensor(float(labelled)), torch.tensor(float(pseudo)), paradigm == "trzsl")
    assert float(weights @ torch.tensor(losses)) == pytest.approx(expected)


def test_the_recipe_of_grip_knows_four_fifths_of_the_labels_the_same_for_all_seeds() -> None:
    settings = recipe("grip").settings
    dataset = replace(toy.toy_dataset(), train=toy.split(20, seed=0))
    pools = [labelled(dataset, RunSpec(seed, 3, "none", 0.0, "ssl", *settings.given)) for seed in (1, 2)]
    assert len(pools[0].labelled) == int(0.8 * 18) and np.array_equal(pools[0].labelled, pools[1].labelled)
    assert len(pools[0].unlabelled) == len(dataset.train.labels) - 18
    plain = [labelled(dataset, RunSpec(seed, 3, paradigm="ssl")).labelled for seed in (1, 2)]
    assert len(plain[0]) == 18 and not np.array_equal(*plain)
    splits = [labelled(dataset, RunSpec(seed, 3, "none", 0.0, "trzsl", *settings.given)) for seed in (500, 0)]
    assert not np.array_equal(splits[0].seen, splits[1].seen), "its seeds draw the classes"
    assert len(splits[0].labelled) == int(0.8 * splits[0].seen[dataset.train.labels].sum())


def test_the_recipe_of_grip_keeps_the_last_partial_batch() -> None:
    settings = recipe("grip").settings
    assert len(epoch_batches(20, settings.batch, np.random.default_rng(0), settings.drop_last)) == 2


def released(seed: int) -> Task:
    return replace(toy.task([seed], 2), recipe=replace(toy.RECIPE, self_training="released"))


def test_the_released_text_of_the_first_pseudo_labels_keeps_its_braces(monkeypatch) -> None:
    texts = []
    method = fpl.Method(released(0))
    monkeypatch.setattr(type(method.task.backbone), "encode_text", lambda self, given, unit=True: texts.extend(given))
    method.first_weights()
    assert texts[0] == "a photo of a {}red cat."


def test_the_released_code_leaves_a_fifth_of_the_pseudo_labels_out_from_ten_a_class_on() -> None:
    for k, count in ((10, 48), (9, 54)):
        data = toy.data_for([RunSpec(1, 2, paradigm="ul")], 2)
        toy.fit([fpl.Method(released(1), k=k)], data, 2)
        assert len(data.sets[0].images) == count


def test_released_rounds_go_on_from_the_trained_prompts(monkeypatch) -> None:
    method, seen = ifpl.Method(released(0), rounds=2, k=4), []
    label = method._label

    def watch(weights: torch.Tensor, number: int) -> None:
        label(weights, number)
        seen.append(method.ctx.detach().clone())

    monkeypatch.setattr(method, "_label", watch)
    start = method.ctx.detach().clone()
    toy.fit([method], toy.data_for([RunSpec(0, 2, paradigm="ul")], 2), method.total_epochs)
    once = ifpl.Method(released(0), rounds=1, k=4)
    toy.fit([once], toy.data_for([RunSpec(0, 2, paradigm="ul")], 2), 2)
    assert torch.equal(seen[0], start) and torch.equal(seen[1], once.ctx)
    assert not torch.equal(method.ctx, once.ctx)
