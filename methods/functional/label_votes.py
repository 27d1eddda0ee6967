"""CLIPCleaner's votes on labels (2408.10012): how sure a classifier is of them, within their class and absolutely."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture

from methods.functional.threads import threads_of_torch

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


def votes(probabilities: Floats, labels: Labels, seed: int) -> tuple[Floats, Floats]:
    """Two values [n] from 0 to 1, large for right labels, from probabilities [n, C] and labels [n].

    The first is the probability that log p_y belongs to the upper of two Gaussians that are fitted to its class, the
    second p_y / max_k p_k.
    """
    own = probabilities[np.arange(len(labels)), labels]
    upper = np.ones(len(labels))
    for c in np.unique(labels):
        upper[labels == c] = upper_gaussian(np.log(own[labels == c]), seed)
    return upper, own / probabilities.max(1)


def upper_gaussian(scores: Floats, seed: int) -> Floats:
    """The probability [n] that scores [n] belong to the upper of two Gaussians fitted to them; 1 if all are equal."""
    spread = np.ptp(scores)
    if not spread > 0:
        return np.ones(len(scores))
    column = ((scores - scores.min()) / spread).reshape(-1, 1)
    with threads_of_torch():
        mixture = GaussianMixture(2, random_state=seed).fit(column)
        upper: Floats = mixture.predict_proba(column)[:, mixture.means_.argmax()]
    return upper


def regression(features: Floats, labels: Labels, classes: int) -> Floats:
    """Probabilities [n, C] of a class-balanced logistic regression for the images that it was fitted to."""
    found = np.zeros((len(labels), classes))
    present = np.unique(labels)
    if len(present) < 2:
        found[:, present] = 1
        return found
    with threads_of_torch():
        model = LogisticRegression(max_iter=10_000, class_weight="balanced").fit(features, labels)
        found[:, present] = model.predict_proba(features)
    return found
