"""Learning paradigms of GRIP (arXiv:2306.01669): which training images have labels.

Unsupervised (`ul`): none. Semi-supervised (`ssl`): a few of each class. Transductive zero-shot (`trzsl`): all images of
62 % of the classes; of the other classes only the names are known. Beside them stands `fewshot`: a few images of each
class, and no others; `fewshot[imbalance=0.1]` draws a long tail, in which the last class has a tenth of the first's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Labels
from datamodules.errors import DataError, unknown
from datamodules.fewshot import few_shot, long_tailed
from datamodules.names import parse_spec
from datamodules.seeds import rng

SEEN = 0.62


@dataclass(frozen=True)
class Pool:
    """Indices of labelled [n] and of unlabelled [m] training images, and which classes are seen [C].

    A class is seen if it has labelled images; if no class has any (`ul`), all count as seen.
    """

    labelled: Labels
    unlabelled: Labels
    seen: NDArray[np.bool_]


def fewshot(labels: Labels, classes: int, seed: int, shots: int, imbalance: float = 1.0) -> Pool:
    """Few-shot: CoOp's draw of `shots` images per class, or a long-tailed part of it where `imbalance` is below 1.

    >>> len(fewshot(np.repeat([0, 1, 2], 9), classes=3, seed=1, shots=8, imbalance=0.25).labelled)
    14
    """
    drawn = few_shot(labels, shots, seed)
    kept = drawn if imbalance == 1 else long_tailed(drawn, labels, imbalance, seed)
    return Pool(kept, np.empty(0, np.int64), np.ones(classes, bool))


def ul(labels: Labels, classes: int, seed: int, shots: int = 0) -> Pool:
    """Unsupervised: all training images are unlabelled.

    >>> ul(np.array([0, 1, 1]), classes=2, seed=0).unlabelled.tolist()
    [0, 1, 2]
    """
    return Pool(np.empty(0, np.int64), np.arange(len(labels)), np.ones(classes, dtype=bool))


def ssl(labels: Labels, classes: int, seed: int, shots: int = 2) -> Pool:
    """Semi-supervised: CoOp's draw of `shots` images per class is labelled (2 in the paper), the rest is not.

    >>> parts = ssl(np.array([0, 1, 0, 1, 1]), classes=2, seed=0, shots=1)
    >>> parts.labelled.tolist(), parts.unlabelled.tolist()
    ([2, 3], [0, 1, 4])
    """
    labelled = np.sort(few_shot(labels, shots, seed))
    return Pool(labelled, np.setdiff1d(np.arange(len(labels)), labelled), np.ones(classes, dtype=bool))


def trzsl(labels: Labels, classes: int, seed: int, shots: int = 0) -> Pool:
    """Transductive zero-shot: all images of a random 62 % of the classes are labelled, those of the others are not.

    Draws the same class numbers as the released code for a split seed (500, 0 and 200 in the paper); these are the
    paper's classes if classes are numbered as there.
    Raises DataError: fewer than two classes, as one must be seen and one unseen.

    >>> parts = trzsl(np.array([0, 1, 2, 3]), classes=4, seed=500)
    >>> parts.seen.tolist(), parts.unlabelled.tolist()
    ([True, False, False, True], [1, 2])
    """
    if classes < 2:
        raise DataError("trzsl needs at least two classes, one of them unseen")
    count = min(max(int(SEEN * classes), 1), classes - 1)
    seen = np.zeros(classes, dtype=bool)
    seen[np.random.RandomState(seed).choice(classes, count, replace=False)] = True
    return Pool(np.flatnonzero(seen[labels]), np.flatnonzero(~seen[labels]), seen)


def partly_known(pool: Pool, share: float, seed: int) -> Pool:
    """The pool with int(share n) of its n labelled images, at random; the others are neither labelled nor unlabelled.

    >>> len(partly_known(Pool(np.arange(94), np.arange(94, 99), np.ones(47, bool)), 0.8, seed=0).labelled)
    75
    """
    count = len(pool.labelled)
    kept = rng(seed, "known labels").choice(count, int(share * count), replace=False) if share < 1 else np.arange(count)
    return replace(pool, labelled=pool.labelled[np.sort(kept)])


PARADIGMS: dict[str, Callable[..., Pool]] = {"fewshot": fewshot, "ul": ul, "ssl": ssl, "trzsl": trzsl}


def parse(text: str) -> tuple[str, dict[str, float]]:
    """Name and options of a paradigm as written by the user: `trzsl`, `fewshot[imbalance=0.1]`.

    Raises DataError: an unknown paradigm or option, or an imbalance outside (0, 1].

    >>> parse("fewshot[imbalance=0.10]"), parse("fewshot[imbalance=1]")
    (('fewshot', {'imbalance': 0.1}), ('fewshot', {}))
    """
    name, options = parse_spec(text)
    if name not in PARADIGMS:
        raise unknown("paradigm", name, PARADIGMS)
    allowed = {"imbalance"} if name == "fewshot" else set()
    for option in options.keys() - allowed:
        raise DataError(f"paradigm {name!r} has no option {option!r}; it has: {', '.join(allowed) or 'none'}")
    value = options.get("imbalance", "1")
    try:
        imbalance = float(value)
    except ValueError:
        imbalance = -1.0
    if not 0 < imbalance <= 1:
        raise DataError(f"paradigm 'fewshot': imbalance should be above 0 and at most 1; got {value}")
    return name, {} if imbalance == 1 else {"imbalance": imbalance}


def canonical(text: str) -> str:
    """The one spelling of a paradigm.

    >>> canonical("fewshot[imbalance=0.10]")
    'fewshot[imbalance=0.1]'
    """
    name, options = parse(text)
    inside = ",".join(f"{option}={value!r}" for option, value in options.items())
    return f"{name}[{inside}]" if inside else name


def pool(paradigm: str, labels: Labels, classes: int, seed: int, shots: int) -> Pool:
    """Labelled and unlabelled images under a paradigm, from the true labels [P] of the training split.

    Raises DataError: an unknown paradigm or option, or too few classes or shots for it.

    >>> len(pool("ssl", np.repeat([0, 1, 2], 10), classes=3, seed=1, shots=2).labelled)
    6
    """
    name, options = parse(paradigm)
    return PARADIGMS[name](labels, classes, seed, shots, **options)


def harmonic_mean(seen: float, unseen: float) -> float:
    """Harmonic mean of the accuracies on seen and unseen classes, in their unit; 0 if one of them is 0.

    >>> harmonic_mean(80, 20)
    32.0
    """
    return 2 * seen * unseen / (seen + unseen) if seen > 0 and unseen > 0 else 0.0


def seen_unseen(per_class: NDArray[np.floating], counts: Labels, seen: NDArray[np.bool_]) -> tuple[float, float]:
    """Accuracies over the images of seen and of unseen classes, from per-class accuracies [C] and image counts [C].

    A group without images has accuracy 0.

    >>> seen_unseen(np.array([1.0, 0.5, 0.2]), np.array([10, 30, 20]), np.array([True, True, False]))
    (0.625, 0.2)
    """
    parts = [(per_class[group] * counts[group]).sum() / max(counts[group].sum(), 1) for group in (seen, ~seen)]
    return float(parts[0]), float(parts[1])
