"""Learning paradigms of self-training: which images come with labels (arXiv:2306.01669, NeurIPS 2023).

`ul`: none. `ssl`: k of each class, the rest unlabelled. `trzsl`: those of 62 % of the classes, the other classes are
only named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Labels
from datamodules.errors import DataError, unknown
from datamodules.fewshot import few_shot

SEEN = 0.62


@dataclass(frozen=True)
class Pool:
    """Training images with labels, training images without, both as sorted indices, and which classes are seen [C].

    A class is seen if labelled images of it exist; where none are (`ul`), every class counts as seen, since there is
    nothing to tell classes apart by.
    """

    labelled: Labels
    unlabelled: Labels
    seen: NDArray[np.bool_]


def ul(labels: Labels, classes: int, seed: int, shots: int = 0) -> Pool:
    """Unsupervised: every training image, none of them labelled."""
    return Pool(np.empty(0, np.int64), np.arange(len(labels)), np.ones(classes, dtype=bool))


def ssl(labels: Labels, classes: int, seed: int, shots: int = 2) -> Pool:
    """Semi-supervised: CoOp's draw of `shots` images a class is labelled, the rest is not. The paper takes 2."""
    labelled = np.sort(few_shot(labels, shots, seed))
    return Pool(labelled, np.setdiff1d(np.arange(len(labels)), labelled), np.ones(classes, dtype=bool))


def trzsl(labels: Labels, classes: int, seed: int, shots: int = 0) -> Pool:
    """Transductive zero-shot: 62 % of the classes, drawn by the seed, are labelled; images of the others are not.

    The class numbers are those that the released code draws for a split seed (500, 0 and 200 in the paper); they name
    the paper's classes where its classes come in the same order.

    Raises:
        DataError: fewer than two classes, as one must be seen and one unseen.
    """
    if classes < 2:
        raise DataError("trzsl needs at least two classes, one of them unseen")
    count = min(max(int(SEEN * classes), 1), classes - 1)
    seen = np.zeros(classes, dtype=bool)
    seen[np.random.RandomState(seed).choice(classes, count, replace=False)] = True
    return Pool(np.flatnonzero(seen[labels]), np.flatnonzero(~seen[labels]), seen)


PARADIGMS: dict[str, Callable[..., Pool]] = {"ul": ul, "ssl": ssl, "trzsl": trzsl}


def pool(paradigm: str, labels: Labels, classes: int, seed: int, shots: int) -> Pool:
    """Labelled and unlabelled images under a paradigm, from the true labels [P] of the training split.

    Raises:
        DataError: an unknown paradigm, or too few classes for it.
    """
    if paradigm not in PARADIGMS:
        raise unknown("paradigm", paradigm, PARADIGMS)
    return PARADIGMS[paradigm](labels, classes, seed, shots)


def harmonic_mean(seen: float, unseen: float) -> float:
    """Harmonic mean of the accuracies on seen and unseen classes, in their unit; 0 where one of them is 0."""
    return 2 * seen * unseen / (seen + unseen) if seen > 0 and unseen > 0 else 0.0


def seen_unseen(per_class: NDArray[np.floating], counts: Labels, seen: NDArray[np.bool_]) -> tuple[float, float]:
    """Accuracy over the images of seen and of unseen classes, from per-class accuracies [C] and image counts [C]."""
    parts = [(per_class[group] * counts[group]).sum() / max(counts[group].sum(), 1) for group in (seen, ~seen)]
    return float(parts[0]), float(parts[1])
