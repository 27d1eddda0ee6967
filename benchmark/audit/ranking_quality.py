"""How good a ranking of labels is, where it is known which are wrong, and how many are by confident learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

Floats = NDArray[np.floating]
BINS = 10


@dataclass(frozen=True)
class Quality:
    """Area under the ROC curve, average precision, and precision among as many images as have wrong labels, percent."""

    auroc: float
    ap: float
    precision: float


def quality(label_quality: Floats, wrong: NDArray[np.bool_]) -> Quality:
    """Compares qualities [P] with what is wrong [P]; not a number where all labels are right, or all wrong.

    >>> quality(np.array([0.1, 0.2, 0.7, 0.9]), np.array([False, True, False, True]))
    Quality(auroc=25.0, ap=50.0, precision=50.0)
    """
    count = int(wrong.sum())
    if count in (0, len(wrong)):
        return Quality(float("nan"), float("nan"), float("nan"))
    first = np.argsort(label_quality, kind="stable")[:count]
    auroc, ap = roc_auc_score(wrong, -label_quality), average_precision_score(wrong, -label_quality)
    return Quality(100 * float(auroc), 100 * float(ap), 100 * float(wrong[first].mean()))


def calibration_error(probability: Floats, wrong: NDArray[np.bool_]) -> float:
    """Expected calibration error of probabilities [P], 0 to 1, over BINS bins of equally many images.

    >>> calibration_error(np.full(40, 0.5), np.arange(40) % 2 == 0)
    0.0
    """
    bins = np.array_split(np.argsort(probability, kind="stable"), BINS)
    gaps = [len(rows) * abs(float(probability[rows].mean() - wrong[rows].mean())) for rows in bins if len(rows)]
    return sum(gaps) / len(wrong)


def confident_fraction(probabilities: Floats, labels: NDArray[np.int64]) -> float:
    """The fraction of wrong labels by confident learning (1911.00068), as cleanlab estimates its joint.

    An image of probabilities [P, C] counts as class j where p_j is at least the mean p_j of the images labelled j, the
    likeliest such class; counts of each given label are scaled to its images.

    >>> confident_fraction(np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9]]), np.array([0, 0, 1, 1]))
    0.25
    """
    classes = probabilities.shape[1]
    images = np.bincount(labels, minlength=classes)
    sums = np.bincount(labels, probabilities[np.arange(len(labels)), labels], minlength=classes)
    confident = probabilities >= sums / np.maximum(images, 1) - 1e-6
    rows = confident.any(1)
    guesses = np.where(confident, probabilities, -1).argmax(1)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (labels[rows], guesses[rows]), 1)
    np.fill_diagonal(counts, np.maximum(counts.diagonal(), 1))
    counts *= (images / counts.sum(1))[:, None]
    return float(1 - counts.trace() / counts.sum())
