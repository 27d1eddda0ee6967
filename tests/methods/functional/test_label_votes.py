"""CLIPCleaner's votes: two Gaussians a class, the share of the largest probability, and a balanced regression."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from methods.functional.label_votes import regression, upper_gaussian, votes


def test_the_upper_of_two_groups_of_scores_is_told_from_the_lower_whatever_their_units() -> None:
    source = np.random.default_rng(0)
    scores = np.concatenate([source.normal(-4, 0.2, 30), source.normal(0, 0.2, 30)])
    found = upper_gaussian(scores, 0)
    assert found[:30].max() < 0.01 and found[30:].min() > 0.99
    assert upper_gaussian(1000 * scores - 7, 0) == pytest.approx(found, abs=1e-6)


@pytest.mark.parametrize("scores", [[-2.0], [3.0, 3.0, 3.0]])
def test_scores_that_are_all_equal_are_all_upper(scores: list[float]) -> None:
    assert upper_gaussian(np.array(scores), 0).tolist() == [1.0] * len(scores)


def test_votes_are_taken_within_a_class_and_against_the_largest_probability() -> None:
    """Class 1 is unsure of all its images, the wrong ones more so: each class is compared with itself."""
    own = np.array([0.9, 0.88, 0.91, 0.02, 0.03, 0.30, 0.31, 0.29, 0.0001, 0.0002])
    labels = np.array([0] * 5 + [1] * 5)
    probabilities = np.stack([np.where(labels == 0, own, 1 - own), np.where(labels == 0, 1 - own, own)], 1)
    upper, share = votes(probabilities, labels, 0)
    assert (upper > 0.5).tolist() == [True, True, True, False, False] * 2
    for c in (0, 1):
        assert upper[labels == c] == pytest.approx(upper_gaussian(np.log(own[labels == c]), 0))
    assert share == pytest.approx(own / np.maximum(own, 1 - own))


def test_the_regression_is_balanced_and_leaves_classes_without_images_at_0() -> None:
    source = np.random.default_rng(1)
    labels = np.array([0] * 40 + [2] * 8)
    features = source.normal(0, 1, (48, 3)) + np.where(labels == 2, 1.0, 0.0)[:, None]
    found = regression(features, labels, 4)
    model = LogisticRegression(max_iter=10_000, class_weight="balanced").fit(features, labels)
    assert found[:, [0, 2]] == pytest.approx(model.predict_proba(features))
    assert found[:, [1, 3]].tolist() == [[0.0, 0.0]] * 48


def test_images_of_one_class_are_certain_of_it() -> None:
    assert regression(np.zeros((3, 2)), np.array([1, 1, 1]), 3).tolist() == [[0.0, 1.0, 0.0]] * 3
