"""The classifiers of an audit: scores of the classes in which an image's own label had no direct part."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmark.audit.class_means import fair_means, out_of_fold
from benchmark.audit.estimate import Estimate, estimate, names_say
from benchmark.audit.exchanged_names import in_both_readings
from benchmark.audit.explanation import EXPECTED
from benchmark.audit.neighbours import votes
from benchmark.audit.out_of_fold_discriminant import SHRINKAGES, discriminants, likeliest
from benchmark.audit.robust_heads import head_weights
from benchmark.audit.sample import FOLDS, Sample
from methods.functional.log_linear_pool import balance
from methods.functional.noise_matrix import even

Step = Callable[[str], None]
SMOOTHING = 0.02
#: What scores may be multiplied by, and the images that decide it.
SHARPNESS = tuple(2.0**power for power in range(-12, 9))
#: For scores that two or three images a class made huge.
BLUNT = tuple(2.0**power for power in range(-60, -11))
ENOUGH = 2_000
#: Fractions of wrong labels that zero-shot, which has seen no label, may find: too small a one makes it look too sure.
WRONG = (EXPECTED, 0.5, 0.7)
#: The least probability of a user's own classifier.
LEAST = 1e-6


def audit(sample: Sample, step: Step = lambda name: None, expected: float = EXPECTED) -> Estimate:
    """What is estimated of the true classes of a sample, by classifiers under names that are not exchanged.

    `step` is told what comes next, and `expected` is the fraction of wrong labels that is expected, 0 to 1.
    """

    def found(sample: Sample) -> Estimate:
        parts = classifiers(sample, step)
        step("noise matrix and fraction of wrong labels")
        return estimate(parts, sample.labels, sample.zero_shot, sample.checked, expected, sample.seed)

    return in_both_readings(sample, found)


def classifiers(sample: Sample, step: Step = lambda name: None) -> dict[str, Tensor]:
    """`tempered` scores [P, C] by name, all but means `balanced`; those that know classes by their names come first.

    Images without a label, -1, are scored by classifiers of all folds but their own.
    """
    x, labels, fold, classes = sample.centred, sample.labels, sample.fold, sample.classes
    parts: dict[str, Tensor] = {}

    def add(name: str, scores: Tensor, wrong: float = EXPECTED) -> None:
        parts[name] = balanced(tempered(scores, labels, sample.seed, wrong), labels)

    step("class names, head, class means")
    add("zero_shot", sample.zero_shot, likeliest_fraction(sample.zero_shot, labels, sample.seed))
    heads = head_weights(sample.features, labels, fold, sample.text.expand(FOLDS, -1, -1), sample.seed)
    add("head", out_of_fold(sample.features, heads, fold))
    if sample.prompt is not None:  # in sample, but hardly able to learn single labels by heart
        add("prompt", sample.scale * sample.features @ sample.prompt.T)
    if sample.own is not None:
        add("own", sample.own.clamp(min=LEAST).log())
    parts["means"] = tempered(fair_means(x, labels, classes), labels, sample.seed)
    step("nearest neighbours")
    add("neighbours", (votes(*sample.nearest, labels, classes) + SMOOTHING).log())
    step("discriminant analysis")
    plain, shrinkage = plain_discriminant(sample)
    add("discriminant", plain)
    sources = ("zero_shot", "means") if names_say(parts, labels) else ("means",)
    right = torch.stack([parts[name].log_softmax(1) for name in sources]).sum(0).softmax(1)
    add("discriminant_weighted", discriminants(x, right * given(sample), fold, (shrinkage,))[0])
    return parts


def balanced(scores: Tensor, labels: Tensor) -> Tensor:
    """Scores [P, C] with the biases of `balance` by given labels [P]: classes are about as frequent as their labels."""
    there = labels >= 0
    ones, count = scores.new_ones(int(there.sum())), torch.bincount(labels[there], minlength=scores.shape[1])
    return scores + balance(scores[there], count.to(scores), ones, ones)


def tempered(scores: Tensor, labels: Tensor, seed: int = 1, wrong: float = EXPECTED) -> Tensor:
    """Scores [P, C] of a classifier times the number of SHARPNESS or BLUNT that makes the given labels [P] likeliest.

    Labels go wrong evenly, a fraction `wrong` of them; scores that say nothing of them are multiplied by nearly 0.
    """
    return scores * _sharpest(scores, labels, seed, wrong)[1]


def likeliest_fraction(scores: Tensor, labels: Tensor, seed: int = 1) -> float:
    """The fraction of wrong labels in WRONG under which given labels [P] are likeliest by `tempered` scores [P, C]."""
    return max(WRONG, key=lambda wrong: _sharpest(scores, labels, seed, wrong)[0])


def _sharpest(scores: Tensor, labels: Tensor, seed: int, wrong: float) -> tuple[float, float]:
    """The highest log-likelihood of given labels, and the number that scores are multiplied by for it."""
    rows = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))
    rows = rows[labels[rows] >= 0][:ENOUGH]
    some, noise = scores[rows], even(torch.tensor(1 - wrong), scores.shape[1]).log()[:, labels[rows]].T

    def likelihood(sharp: float) -> float:
        return float(((sharp * some).log_softmax(1) + noise).logsumexp(1).mean())

    best = max(SHARPNESS, key=likelihood)
    best = best if best > SHARPNESS[0] else max(BLUNT, key=likelihood)
    return likelihood(best), best


def plain_discriminant(sample: Sample) -> tuple[Tensor, float]:
    """Discriminant values [P, C] under the likeliest of SHRINKAGES, and the shrinkage."""
    there = sample.labels >= 0
    values = discriminants(sample.centred, given(sample), sample.fold, SHRINKAGES)
    best = likeliest(values[:, there], sample.labels[there])
    return values[best], SHRINKAGES[best]


def given(sample: Sample) -> Tensor:
    """The given labels as one-hot rows [P, C], 0 without a label."""
    return F.one_hot(sample.labels.clamp(min=0), sample.classes).float() * (sample.labels >= 0)[:, None]
