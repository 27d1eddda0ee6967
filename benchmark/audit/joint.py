"""The audit's own score: several out-of-fold classifiers, pooled so that the given labels are likeliest."""

from __future__ import annotations

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from benchmark.audit.discriminant import SHRINKAGES, discriminants, likeliest
from benchmark.audit.head import head_weights
from benchmark.audit.means import mean_probabilities, out_of_fold
from benchmark.audit.neighbours import votes
from benchmark.audit.posterior import Posterior, estimate
from benchmark.audit.ridge import ridge_values
from benchmark.audit.sample import FOLDS, Sample

Step = Callable[[str], None]


def classifiers(sample: Sample, step: Step = lambda name: None) -> dict[str, Tensor]:
    """Log-probabilities [P, C], up to a constant, of every classifier by its name; `step` is told what comes next."""
    x, labels, fold, classes = sample.centred, sample.labels, sample.fold, sample.classes
    parts = {}
    step("class names")
    parts["zero_shot"] = sample.scale * sample.features @ sample.text.T
    step("head")
    weights = head_weights(sample.features, labels, fold, sample.text.expand(FOLDS, -1, -1), sample.seed)
    parts["head"] = out_of_fold(sample.features, weights, fold)
    step("class means")
    parts["means"] = mean_probabilities(x, labels, fold, classes)
    step("ridge regression")
    parts["ridge"] = 10 * ridge_values(x, labels, fold, classes)
    step("nearest neighbours")
    parts["neighbours"] = (votes(*sample.nearest, labels, classes) + 0.02).log()
    step("discriminant analysis")
    parts["discriminant"], parts["discriminant_weighted"], _ = discriminant_parts(sample)
    return parts


def discriminant_parts(sample: Sample) -> tuple[Tensor, Tensor, float]:
    """Discriminant values [P, C], those with out-of-fold probabilities of given labels as weights, and their shrinkage."""
    given = F.one_hot(sample.labels, sample.classes).float()
    values = discriminants(sample.centred, given, sample.fold, SHRINKAGES)
    best = likeliest(values, sample.labels)
    weight = sample.of_given(values[best].log_softmax(1)).exp()
    weighted = discriminants(sample.centred, given * weight[:, None], sample.fold, (SHRINKAGES[best],))[0]
    return values[best], weighted, SHRINKAGES[best]


def audit(sample: Sample, step: Step = lambda name: None) -> tuple[Posterior, dict[str, Tensor]]:
    """What is estimated of the true classes, and the classifiers' log-probabilities [P, C] that it rests on.

    After a first estimate, discriminants are fitted once more to the estimated true classes as soft labels.
    """
    parts = classifiers(sample, step)
    step("confusion of labels")
    first = estimate(list(parts.values()), sample.labels, sample.seed)
    step("discriminant analysis of corrected labels")
    _, _, shrinkage = discriminant_parts(sample)
    parts["discriminant_corrected"] = discriminants(sample.centred, first.true, sample.fold, (shrinkage,))[0]
    step("confusion of labels, again")
    return estimate(list(parts.values()), sample.labels, sample.seed), parts
