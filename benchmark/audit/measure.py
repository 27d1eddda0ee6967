"""How good a ranking of suspicious labels is, where it is known which are wrong."""

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


def quality(suspicion: Floats, wrong: NDArray[np.bool_]) -> Quality:
    """Compares suspicions [P] with what is wrong [P]; not a number where all labels are right, or all wrong.

    >>> quality(np.array([0.9, 0.8, 0.3, 0.1]), np.array([False, True, False, True]))
    Quality(auroc=25.0, ap=50.0, precision=50.0)
    """
    count = int(wrong.sum())
    if count in (0, len(wrong)):
        return Quality(float("nan"), float("nan"), float("nan"))
    first = np.argsort(-suspicion, kind="stable")[:count]
    auroc, ap = roc_auc_score(wrong, suspicion), average_precision_score(wrong, suspicion)
    return Quality(100 * float(auroc), 100 * float(ap), 100 * float(wrong[first].mean()))


def calibration_error(probability: Floats, wrong: NDArray[np.bool_]) -> float:
    """Expected calibration error of probabilities [P], 0 to 1, over BINS bins of equally many images.

    >>> calibration_error(np.full(40, 0.5), np.arange(40) % 2 == 0)
    0.0
    """
    bins = np.array_split(np.argsort(probability, kind="stable"), BINS)
    gaps = [len(rows) * abs(float(probability[rows].mean() - wrong[rows].mean())) for rows in bins if len(rows)]
    return sum(gaps) / len(wrong)
