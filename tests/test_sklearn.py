"""Heads and detectors as scikit-learn estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import parametrize_with_checks

import promptnoise
from promptnoise.sklearn import FeatureClassifier, LabelQuality

RANDOM = np.random.default_rng(1)
CENTRES = RANDOM.normal(size=(4, 32)).astype(np.float32)
TRUE = np.repeat(np.array(["ant", "bee", "cat", "dog"]), 30)
X = CENTRES.repeat(30, 0) + RANDOM.normal(size=(120, 32)).astype(np.float32)
WRONG = np.arange(120) % 5 < 2
GIVEN = np.where(WRONG, np.roll(TRUE, 30), TRUE)


@parametrize_with_checks([FeatureClassifier("class_means"), LabelQuality("means")])  # type: ignore[misc]
def test_they_are_estimators_as_scikit_learn_wants_them(estimator: Any, check: Any) -> None:
    check(estimator)


def test_a_head_by_name_is_trained_and_predicts_labels_of_any_type() -> None:
    head = FeatureClassifier("em_means[teacher=names]", text_features=CENTRES, scale=10.0).fit(X, GIVEN)
    assert head.score(X, TRUE) > 0.95 and set(head.classes_) == set(TRUE)
    assert np.allclose(head.predict_proba(X).sum(1), 1, atol=1e-5) and head.weights_.shape == (4, 32)
    numbers = clone(head).fit(X, np.unique(GIVEN, return_inverse=True)[1])
    assert (numbers.weights_ == head.weights_).all()


def test_class_means_are_the_means_of_unit_features() -> None:
    unit = X / np.linalg.norm(X, axis=1, keepdims=True)
    means = np.stack([unit[name == GIVEN].mean(0) for name in np.unique(GIVEN)])
    plain = (unit @ (means / np.linalg.norm(means, axis=1, keepdims=True)).T).argmax(1)
    assert (FeatureClassifier("class_means").fit(X, GIVEN).predict(X) == np.unique(GIVEN)[plain]).all()


def test_a_head_is_cross_validated_with_those_of_scikit_learn() -> None:
    assert cross_val_score(FeatureClassifier("class_means"), X, TRUE, cv=3).min() > 0.9


@pytest.mark.parametrize(("detector", "texts"), [("joint", CENTRES), ("joint", None), ("zero_shot", CENTRES)])
def test_a_detector_ranks_wrong_labels_first(detector: str, texts: Any) -> None:
    found = LabelQuality(detector, text_features=texts, scale=10.0).fit(X, GIVEN).label_quality_
    assert roc_auc_score(WRONG, -found) > 0.9


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("coop", "no text tower"),
        ("linear_probe", "no text features"),
        ("knn", "changes image features"),
        ("cop", "did you mean"),
    ],
)
def test_what_cannot_run_on_these_features_is_said(method: str, words: str) -> None:
    with pytest.raises(promptnoise.UserError, match=words):
        FeatureClassifier(method).fit(X, GIVEN)
    with pytest.raises(ValueError, match=r"text_features is \(3, 32\), should be \(4, 32\)"):
        FeatureClassifier(method, text_features=CENTRES[:3]).fit(X, GIVEN)
