"""All that an audit finds, from features and given labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from benchmark.audit import detectors
from benchmark.audit.classifiers import Step, audit
from benchmark.audit.estimate import Interval
from benchmark.audit.explanation import EXPECTED, wrong_probability
from benchmark.audit.misfits import fits_none
from benchmark.audit.questions import questions
from benchmark.audit.sample import Sample
from datamodules.dataset import Labels

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Account:
    """What one explanation says: a fraction of wrong labels; of each image [P], how likely it is one, and its class."""

    fraction: float
    wrong: Floats
    suggested: Labels


@dataclass(frozen=True)
class AuditResult:
    """What an audit says of P images.

    `wrong` [P] is the probability that the given label is wrong, `suggested` [P] the likeliest true class, `order` [P]
    the images, most suspicious first. `probabilities` [P, C] are those of the true class from the image alone, out of
    fold; `confusion` [C, C] is the fraction of images by true class (rows) and given label. `scores` [P] by name are
    larger where a label is doubtful: by classifiers and by chosen detectors. `misfits` are images that fit no class,
    `isolation` [P] is how far each is from its neighbours.
    `rivals` explain the labels as well; the images `questions` [n] tell most. Of images without a label,
    `unlabelled` are the suggested class and its probability; images of the first of `exchanged` look like the second.
    """

    wrong: Floats
    suggested: Labels
    order: Labels
    probabilities: Floats
    confusion: Floats
    fraction: Interval
    weights: dict[str, float]
    scores: dict[str, Floats]
    misfits: Labels
    isolation: Floats
    rivals: list[Account]
    questions: Labels
    unlabelled: tuple[Labels, Floats]
    exchanged: tuple[tuple[int, int], ...]


def examine(
    sample: Sample, chosen: Sequence[str] = (), step: Step = lambda name: None, expected: float = EXPECTED
) -> AuditResult:
    """Audits a sample; images are ranked by the first of the `chosen` detectors, by `joint` where there is none.

    `step` is told what comes next; `expected` is the fraction of wrong labels that is expected, 0 to 1.
    """
    found = audit(sample, step, expected)
    there, labelled = sample.labels >= 0, sample.labelled()
    labels, true = labelled.labels, found.true[there]
    wrong = wrong_probability(true, labels)
    scores = _scores({name: part[there] for name, part in found.parts.items()}, labelled, chosen, step)
    step("misfits")
    ranked = scores.get(f"detector_{chosen[0]}", wrong) if chosen else wrong
    isolation, misfits = fits_none(labelled.nearest[0])
    table = torch.zeros(sample.classes, sample.classes).index_add_(1, labels, true.T) / len(labels)
    return AuditResult(
        wrong=wrong.numpy(), suggested=true.argmax(1).numpy(),
        order=ranked.argsort(descending=True, stable=True).numpy(),
        probabilities=found.pooled[there].exp().numpy(), confusion=table.numpy(),
        fraction=found.fraction, weights=found.weights, scores={name: score.numpy() for name, score in scores.items()},
        misfits=misfits.numpy(), isolation=isolation.numpy(),
        rivals=[account(rival[there], labels) for rival in found.rivals],
        questions=questions([true, *(rival[there] for rival in found.rivals)], labels, labelled.checked).numpy(),
        unlabelled=(found.true[~there].argmax(1).numpy(), found.true[~there].amax(1).numpy()),
        exchanged=found.exchanged,
    )  # fmt: skip


def _scores(parts: Mapping[str, Tensor], labelled: Sample, chosen: Sequence[str], step: Step) -> dict[str, Tensor]:
    """Scores [P] of each part and chosen detector, high where a label is doubtful; `joint` needs none of its own."""
    scores = {name: -labelled.of_given(part.log_softmax(1)) for name, part in parts.items()}
    for name in chosen:
        if name != "joint":
            step(f"detector {name}")
            scores[f"detector_{name}"] = -detectors.label_quality(name, labelled)
    return scores


def account(true: Tensor, labels: Tensor) -> Account:
    """What probabilities [P, C] of true classes say of given labels [P]."""
    wrong = wrong_probability(true, labels)
    return Account(float(wrong.mean()), wrong.numpy(), true.argmax(1).numpy())
