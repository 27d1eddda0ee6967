"""All that an audit finds, from features and given labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from benchmark.audit import detectors
from benchmark.audit.joint import Step, audit
from benchmark.audit.pairs import SAME, conflicting_pairs, fits_none
from benchmark.audit.posterior import EXPECTED
from benchmark.audit.sample import Sample
from benchmark.audit.share import Share, wrong_share
from datamodules.dataset import Labels

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Finding:
    """What an audit says of P images.

    `wrong` [P] is the probability that the given label is wrong, `suggested` [P] the likeliest true class, `order` [P]
    the images, most suspicious first. `probabilities` [P, C] are those of the true class from the image alone, out of
    fold; `confusion` [C, C] is the share of images by true class (rows) and given label. `scores` [P] by name are
    suspicions: those of the classifiers and of the chosen detectors. `duplicates` are pairs with different labels and
    their cosine, `misfits` images that fit no class, `isolation` [P] is how far each is from its neighbours.
    """

    wrong: Floats
    suggested: Labels
    order: Labels
    probabilities: Floats
    confusion: Floats
    share: Share
    weights: dict[str, float]
    scores: dict[str, Floats]
    duplicates: list[tuple[int, int, float]]
    misfits: Labels
    isolation: Floats


def examine(
    sample: Sample,
    chosen: Sequence[str] = (),
    same: float = SAME,
    step: Step = lambda name: None,
    expected: float = EXPECTED,
) -> Finding:
    """Audits a sample; images are ranked by the first of the `chosen` detectors, by `joint` where there is none.

    `same` is the cosine from which on two images are near-duplicates; `step` is told what comes next; `expected` is the
    share of wrong labels that is expected, 0 to 1.
    """
    found, parts = audit(sample, step, expected)
    labels = sample.labels
    wrong = found.wrong(labels)
    scores = {name: -sample.of_given(part.log_softmax(1)) for name, part in parts.items()}
    for name in chosen:
        if name != "joint":
            step(f"detector {name}")
            scores[f"detector_{name}"] = detectors.suspicion(name, sample)
    ranked = scores[f"detector_{chosen[0]}"] if chosen and chosen[0] != "joint" else wrong
    step("share of wrong labels")
    share = wrong_share(found, list(parts.values()), labels, sample.seed, expected)
    step("near-duplicates and misfits")
    cosines, indices = sample.nearest
    isolation, misfits = fits_none(cosines)
    table = torch.zeros(sample.classes, sample.classes).index_add_(1, labels, found.true.T) / len(labels)
    return Finding(
        wrong=wrong.numpy(),
        suggested=found.true.argmax(1).numpy(),
        order=ranked.argsort(descending=True, stable=True).numpy(),
        probabilities=found.pooled.exp().numpy(),
        confusion=table.numpy(),
        share=share,
        weights=dict(zip(parts, found.weights.tolist(), strict=True)),
        scores={name: score.numpy() for name, score in scores.items()},
        duplicates=conflicting_pairs(sample.centred, labels, indices, same),
        misfits=misfits.numpy(),
        isolation=isolation.numpy(),
    )
