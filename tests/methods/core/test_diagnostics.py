"""Gradients, memorisation and AUROC against slow readings of what they are."""

from __future__ import annotations

import math

import pytest
import torch
from sklearn.metrics import roc_auc_score

from datamodules.run_spec import RunSpec
from methods import coop, fpl, gce, zero_shot
from methods.core.diagnostics import Step, auroc, prediction_changes, predictions
from tests.support import toy

EPOCHS = 2


def test_auroc_is_scikit_learn_s_also_with_ties_and_padding() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(0, 6, (3, 40), generator=generator).float()
    positive = torch.rand(3, 40, generator=generator) < 0.3
    counts = torch.rand(3, 40, generator=generator) < 0.8
    for row, found in enumerate(auroc(scores, positive, counts)):
        kept = counts[row]
        assert float(found) == pytest.approx(roc_auc_score(positive[row, kept], scores[row, kept]), abs=1e-6)


def test_auroc_of_one_kind_only_or_of_nan_is_nan() -> None:
    scores, counts = torch.rand(3, 5), torch.ones(3, 5, dtype=torch.bool)
    positive = torch.tensor([[False] * 5, [True] * 5, [True, False, True, False, False]])
    scores[2, 1] = torch.nan
    assert auroc(scores, positive, counts).isnan().all()


def test_curves_equal_a_slow_pass_over_the_images_of_an_epoch() -> None:
    """The first epoch's learning rate is so small that the prompts stay where they are."""
    data = toy.data_for([RunSpec(seed, 4, "symmetric", 0.5) for seed in (0, 0, 1)], EPOCHS)
    members = [coop.Method(toy.task([0], EPOCHS)), gce.Method(toy.task([0, 1], EPOCHS))]
    with torch.no_grad():
        weights = torch.cat([member.class_weights() for member in members])
    module = toy.fit(members, data, EPOCHS)
    data.trainer = None  # back to the first epoch
    true = torch.from_numpy(data.dataset.train.labels)
    for row, q in enumerate([None, 0.7, 0.7]):
        found: dict[str, list[float]] = {"correct": [], "wrong": [], "given": [], "true": []}
        losses, flags = [], []
        for step in range(len(data.plan.valid)):
            batch = data.batch(step)
            for b in range(batch.images.shape[1]):
                if not batch.valid[row, b]:
                    continue
                label, image = int(batch.labels[row, b]), int(batch.images[row, b])
                z = (30 * batch.features[row, b] @ weights[row].T).requires_grad_()
                p = z.softmax(-1)[label]
                loss = -p.log() if q is None else (1 - p**q) / q
                (gradient,) = torch.autograd.grad(loss, z)
                wrong = label != int(true[image])
                found["wrong" if wrong else "correct"].append(float(gradient.norm()))
                found["given"].append(float(int(z.argmax()) == label))
                found["true"].append(float(int(z.argmax()) == int(true[image])))
                losses.append(loss.item())
                flags.append(wrong)
        means = {name: sum(values) / len(values) for name, values in found.items()}
        ours = {name: float(values[0][row]) for name, values in module.curves.items()}
        assert ours["grad_norm_correct"] == pytest.approx(means["correct"], rel=5e-3)
        assert ours["grad_norm_wrong"] == pytest.approx(means["wrong"], rel=5e-3)
        assert ours["train_accuracy_given"] == pytest.approx(means["given"])
        assert ours["train_accuracy_true"] == pytest.approx(means["true"])
        assert ours["auroc_wrong"] == pytest.approx(roc_auc_score(flags, losses), abs=0.02)
        assert ours["loss"] == pytest.approx(sum(losses) / len(losses), rel=2e-2)


def test_pseudo_labels_are_judged_and_given_labels_are_not() -> None:
    data = toy.data_for([RunSpec(0, 4), RunSpec(0, 2, paradigm="ssl"), RunSpec(0, 4, paradigm="ul")], EPOCHS)
    module = toy.fit([coop.Method(toy.task([0], EPOCHS)), fpl.Method(toy.task([0, 0], EPOCHS), k=3)], data, EPOCHS)
    shares = module.curves["pseudo_label_accuracy"][-1]
    assert math.isnan(shares[0])
    for row in (1, 2):
        part, given = data.sets[row], set(data.given[row].images.tolist())
        hits = [
            label == data.dataset.train.labels[image]
            for image, label in zip(part.images.tolist(), part.labels.tolist(), strict=True)
            if image not in given
        ]
        assert len(hits) == 18 and float(shares[row]) == pytest.approx(sum(hits) / 18)


def test_what_is_not_trained_has_no_curves_but_its_test_accuracy() -> None:
    data = toy.data_for([RunSpec(0, 4), RunSpec(0, 4, paradigm="ul")], EPOCHS)
    module = toy.fit([coop.Method(toy.task([0], EPOCHS)), zero_shot.Method(toy.task([0], EPOCHS))], data, EPOCHS)
    for name, values in module.curves.items():
        assert len(values) == EPOCHS
        assert values[0].shape == (2,)
        assert name == "test_accuracy" or values[0][1].isnan()


def _epoch(generator: torch.Generator, rows: int, pool: int, batches: int) -> list[Step]:
    """Steps of an epoch in which every replica sees images of its own, in an order of its own, with padding."""
    orders = torch.stack([torch.randperm(pool, generator=generator)[: batches * 4] for _ in range(rows)])
    shape = (rows, 4)
    return [
        Step(
            images,
            images,
            torch.rand(shape, generator=generator) < 0.8,
            torch.randint(0, 3, shape, generator=generator),
            torch.zeros(shape),
            torch.zeros(shape),
        )
        for images in orders.split(4, dim=1)
    ]


def test_prediction_changes_equal_a_slow_count_over_the_images_of_both_epochs() -> None:
    generator = torch.Generator().manual_seed(3)
    first, second = _epoch(generator, 3, 12, 2), _epoch(generator, 3, 12, 2)
    found = prediction_changes(predictions(second), predictions(first))
    for row in range(3):
        before, after = (
            {
                int(image): int(predicted)
                for step in steps
                for image, predicted, counts in zip(
                    step.images[row], step.predicted[row], step.counts[row], strict=True
                )
                if counts
            }
            for steps in (first, second)
        )
        both = before.keys() & after.keys()
        assert both
        assert float(found[row]) == pytest.approx(sum(before[i] != after[i] for i in both) / len(both))
    assert prediction_changes(predictions(first), None).isnan().all()


def test_a_training_has_a_share_of_changed_predictions_for_every_epoch_but_the_first() -> None:
    data = toy.data_for([RunSpec(0, 4, "symmetric", 0.5)], epochs=1)
    module = toy.fit([coop.Method(toy.task([0], 3))], data, 3)
    first, *others = module.curves["prediction_changes"]
    assert first.isnan().all() and len(others) == 2
    assert all(0 <= float(share) <= 1 for share in others)
