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
