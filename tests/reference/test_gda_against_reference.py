"""`gda` against the released code's formula, computed slowly."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from datamodules.run_spec import RunSpec
from methods import gda
from methods.functional.discriminant import discriminant, held_out
from tests.reference.gda import gda as slow
from tests.support import toy
from tests.support.shared import SHARED, needs_shared

RUNS = [RunSpec(1, 12, "symmetric", 0.4), RunSpec(2, 4, "asymmetric", 0.25)]


def draw(n: int, classes: int, width: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    source = np.random.default_rng(seed)
    labels = source.permutation(np.resize(np.arange(classes), n))
    x = source.standard_normal((classes, width))[labels] + source.standard_normal((n, width))
    return torch.from_numpy(x / np.linalg.norm(x, axis=1, keepdims=True)), torch.from_numpy(labels)


@pytest.mark.parametrize(("n", "classes", "width"), [(40, 4, 6), (9, 4, 24), (200, 2, 3)])
def test_weights_and_biases_are_those_of_the_released_formula(n: int, classes: int, width: int) -> None:
    runs = [draw(n, classes, width, seed) for seed in range(3)]
    features, labels = (torch.stack(part) for part in zip(*runs, strict=True))
    weights, biases = discriminant(features, labels, classes)
    for row, (x, y) in enumerate(runs):
        for ours, theirs in zip((weights[row], biases[row]), slow(x.numpy(), y.tolist(), classes), strict=True):
            torch.testing.assert_close(ours, torch.from_numpy(theirs))
        alone = discriminant(x[None], y[None], classes)
        assert torch.equal(alone[0][0], weights[row]) and torch.equal(alone[1][0], biases[row])


def test_images_without_a_label_count_for_nothing() -> None:
    x, y = draw(40, 4, 6)
    more = torch.cat([x, torch.full((5, 6), 9.0)])
    padded = discriminant(more[None], torch.cat([y, torch.full((5,), -1)])[None], 4)
    for ours, without in zip(padded, discriminant(x[None], y[None], 4), strict=True):
        assert torch.equal(ours, without)


def test_a_class_without_images_is_as_likely_as_the_others_are_on_average() -> None:
    x, y = draw(30, 3, 5)
    weights, biases = discriminant(x[None], y[None], 4)
    values = (x @ weights[0].T + biases[0]).numpy()
    assert values[:, 3] == pytest.approx(values[:, :3].mean(1))


def test_one_image_a_class_has_the_covariance_of_all_images() -> None:
    x, y = draw(6, 6, 8)
    weights, _ = discriminant(x[None], y[None], 6)
    centred = (x - x.mean(0)).numpy()
    scatter = centred.T @ centred
    inverse = 8 * np.linalg.inv(scatter + np.trace(scatter) / 5 * np.eye(8))
    means = np.stack([x[y == c].mean(0).numpy() for c in range(6)])
    assert weights[0].numpy() == pytest.approx(means @ inverse)


def test_an_image_s_own_label_has_no_part_in_its_held_out_values() -> None:
    x, y = draw(40, 4, 6)
    before = held_out(x[None], y[None], 4, seeds=[7])[0]
    own = x.clone()
    own[3] = -own[3]
    after = held_out(own[None], y[None], 4, seeds=[7])[0]
    linear = (before[3] + after[3]) / 2  # x and -x: the weights cancel, and the biases are left
    zero = x.clone()
    zero[3] = 0
    torch.testing.assert_close(held_out(zero[None], y[None], 4, seeds=[7])[0, 3], linear)


def test_logits_are_zero_shot_ones_plus_alpha_times_the_discriminants_of_the_given_labels() -> None:
    data = toy.data_for(RUNS, 1)
    method = gda.Method(toy.task([run.seed for run in RUNS], 1), alpha=0.3)
    toy.fit([method], data, 1)
    features = data.test_set[0]
    text = method.task.backbone.scale * features @ method.zero_shot().T
    for row in range(len(RUNS)):
        images, labels = data.training_set(row)
        weights, biases = slow(data.pool()[images].double().numpy(), labels.tolist(), 6)
        expected = text + 0.3 * torch.from_numpy(features.double().numpy() @ weights.T + biases).float()
        logits = method.logits(features[None], method.class_weights())[row]
        torch.testing.assert_close(logits, expected, atol=1e-3, rtol=1e-4)


def test_alpha_is_the_least_within_two_paired_standard_errors_of_the_best() -> None:
    source = np.random.default_rng(0)
    text, images = (torch.from_numpy(source.standard_normal((3, 60, 4)) * size) for size in (3, 1))
    labels = torch.from_numpy(source.integers(-1, 4, (3, 60)))
    found = gda.two_standard_errors(text, images + 2 * one_hot(labels.clamp(min=0), 4), labels)
    for row in range(3):
        own = labels[row] >= 0
        target = one_hot(labels[row].clamp(min=0), 4)
        hits = [
            ((text[row] + a * (images[row] + 2 * target))[own].argmax(1) == labels[row, own]).double().numpy()
            for a in gda.GRID
        ]
        best = max(hits, key=np.sum)
        within = [np.mean(best - hit) <= 2 * np.std(best - hit) / np.sqrt(own.sum()) + 1e-9 for hit in hits]
        assert found[row] == gda.GRID[within.index(True)]


def test_alpha_is_small_where_labels_say_nothing_and_large_where_they_say_more_than_names() -> None:
    data = toy.data_for([RunSpec(1, 16), RunSpec(1, 16, "symmetric", 0.8)], 1)
    method = gda.Method(toy.task([1, 1], 1))
    toy.fit([method], data, 1)
    sizes = method.images.norm(dim=(1, 2))
    assert sizes[0] > 5 * sizes[1]


@needs_shared
@pytest.mark.parametrize(("kind", "least"), [("clean", 93.0), ("next", 85.0)])
def test_on_real_features_it_gains_from_clean_labels_and_keeps_most_where_half_are_wrong(
    kind: str, least: float
) -> None:
    """pets19, 16 shots: zero-shot 91.7; half of the labels are those of the next class, or none."""
    with np.load(SHARED / "data/real_clip/pets19.npz", allow_pickle=False) as file:
        x, test = (
            torch.nn.functional.normalize(torch.from_numpy(file[name].astype(np.float64)), dim=1)
            for name in ("train_features", "test_features")
        )
        labels, true = (torch.from_numpy(file[name]) for name in ("train_labels", "test_labels"))
        text = torch.nn.functional.normalize(torch.from_numpy(file["text_features_raw"].astype(np.float64)), dim=1)
    wrong = np.random.default_rng(0).permutation(len(labels))[: len(labels) // 2 * (kind == "next")]
    given = labels.clone()
    given[wrong] = (given[wrong] + 1) % 19
    values = held_out(x[None], given[None], 19, seeds=[0])
    alpha = gda.two_standard_errors(100 * (x @ text.T)[None], values, given[None])
    weights, biases = (part[0] for part in discriminant(x[None], given[None], 19))
    predicted = (100 * test @ text.T + alpha * (test @ weights.T + biases)).argmax(1)
    assert 100 * float((predicted == true).double().mean()) > least
