"""The audit's own score: several out-of-fold classifiers, pooled so that the given labels are likeliest."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from benchmark.audit.discriminant import SHRINKAGES, discriminants, likeliest
from benchmark.audit.head import head_weights
from benchmark.audit.means import mean_probabilities, out_of_fold
from benchmark.audit.neighbours import votes
from benchmark.audit.posterior import EXPECTED, Posterior, estimate, tempered
from benchmark.audit.ridge import ridge_values
from benchmark.audit.sample import FOLDS, Sample

Step = Callable[[str], None]
SMOOTHING = 0.02


def audit(
    sample: Sample, step: Step = lambda name: None, expected: float = EXPECTED
) -> tuple[Posterior, dict[str, Tensor]]:
    """What is estimated of the true classes, and the classifiers' `tempered` scores [P, C] that it rests on.

    `step` is told what comes next, and `expected` is the share of wrong labels that is expected, 0 to 1. After a first
    estimate, discriminants are fitted once more to the estimated true classes as soft labels.
    """
    x, labels, fold, classes = sample.centred, sample.labels, sample.fold, sample.classes
    parts: dict[str, Tensor] = {}

    def add(name: str, scores: Tensor) -> None:
        parts[name] = tempered(scores, labels, sample.seed)

    step("class names, head, class means, ridge regression")
    add("zero_shot", sample.scale * sample.features @ sample.text.T)
    add("head", text_head(sample))
    if sample.prompt is not None:  # in sample, but hardly able to learn single labels by heart
        add("prompt", sample.scale * sample.features @ sample.prompt.T)
    add("means", mean_probabilities(x, labels, fold, classes))
    add("ridge", ridge_values(x, labels, fold, classes))
    step("nearest neighbours")
    add("neighbours", (votes(*sample.nearest, labels, classes) + SMOOTHING).log())
    step("discriminant analysis")
    plain, weighted, shrinkage = discriminant_parts(sample)
    add("discriminant", plain)
    add("discriminant_weighted", weighted)
    step("confusion of labels")
    first = estimate(list(parts.values()), labels, sample.seed, expected)
    step("discriminant analysis of corrected labels")
    add("discriminant_corrected", discriminants(x, first.true, fold, (shrinkage,))[0])
    step("confusion of labels, again")
    return estimate(list(parts.values()), labels, sample.seed, expected), parts


def text_head(sample: Sample) -> Tensor:
    """Log-probabilities [P, C] by an out-of-fold head that starts at the text features and is trained with GCE."""
    start = sample.text.expand(FOLDS, -1, -1)
    weights = head_weights(sample.features, sample.labels, sample.fold, start, sample.seed)
    return out_of_fold(sample.features, weights, sample.fold)


def discriminant_parts(sample: Sample) -> tuple[Tensor, Tensor, float]:
    """Discriminant values [P, C], the same with images weighted, and their shrinkage.

    The weight of an image is the out-of-fold probability of its given label.
    """
    given = F.one_hot(sample.labels, sample.classes).float()
    values = discriminants(sample.centred, given, sample.fold, SHRINKAGES)
    best = likeliest(values, sample.labels)
    weight = sample.of_given(values[best].log_softmax(1)).exp()
    weighted = discriminants(sample.centred, given * weight[:, None], sample.fold, (SHRINKAGES[best],))[0]
    return values[best], weighted, SHRINKAGES[best]
