"""Discriminant analysis of many runs at once, against the released code's formula, and held-out values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.functional.discriminant import discriminant, held_out
from tests.reference.gda import gda as slow


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


def test_every_fold_gets_its_share_of_the_images_of_every_label_and_seeds_draw_them() -> None:
    """What has a held-out value is seen by the fold that another image's change moves."""
    x, y = draw(40, 2, 6)
    before = held_out(x[None], y[None], 2, seeds=[1], folds=4)[0]
    together = []
    for number in range(40):
        moved = x.clone()
        moved[number] = -moved[number]
        after = held_out(moved[None], y[None], 2, seeds=[1], folds=4)[0]
        together.append({i for i in range(40) if torch.equal(after[i], before[i])} | {number})
    folds = {frozenset(fold) for fold in together}
    assert sorted(map(len, folds)) == [10] * 4 and sum(map(len, folds)) == 40
    assert all(sum(int(y[i]) for i in fold) == 5 for fold in folds)
    assert not torch.equal(held_out(x[None], y[None], 2, seeds=[2], folds=4)[0], before)
