"""Posteriors over true labels, by EM between class names, a regression on the images, and the given labels."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from methods.functional.log_linear_pool import BY_IMAGES, newton, newton_bias, pooled
from methods.functional.noise_matrix import even, expected_counts
from methods.functional.regression import Spectrum, left_out, spectrum, weights

#: What the regression's ridge, and the pseudo-images a row of the noise matrix, are chosen from.
RIDGES = (0.3, 3.0, 30.0)
MASSES = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
#: Fraction of right labels that a start begins with, and its steps.
RIGHT, STEPS = 0.7, 10
#: Least number of a class's own labels, as a share of those of another class, under which its name is believed.
OWN = 0.25


@dataclass(frozen=True)
class Given:
    """What R replicas are to explain: `labels` [R, N] of images, where `valid` [R, N], and `named` logits [J, R, N, C].

    `features` [R, N, E] are 0 on padding; `common` [R, E] is their mean over its squared length, so that the part
    `constant` [R, N] = features . common of an image is about 1.
    """

    features: Tensor
    labels: Tensor
    valid: Tensor
    classifiers: Tensor
    named: Tensor
    images: Spectrum
    common: Tensor
    constant: Tensor

    @classmethod
    def of(cls, features: Tensor, labels: Tensor, valid: Tensor, classifiers: Tensor) -> Given:
        """From unit features [R, N, E], labels, `valid`, and classifiers by names [J, R, C, E], times the scale."""
        x = torch.where(valid[..., None], features, 0)
        mean = x.sum(1) / valid.sum(1, keepdim=True)
        common = mean / mean.square().sum(-1, keepdim=True).clamp(min=1e-12)
        constant = (x @ common[..., None])[..., 0]
        return cls(x, labels, valid, classifiers, centred(x @ classifiers.mT), spectrum(x), common, constant)

    @property
    def shares(self) -> Tensor:
        """The given labels as shares [R, N, C], 0 on padding."""
        return one_hot(self.labels, self.named.shape[-1]).to(self.named) * self.valid[..., None]


@dataclass(frozen=True)
class Explanation:
    """Probabilities `true` [R, N, C] of true classes, 0 on padding, and what explains the given labels by them.

    `pool` [R, J + 1] are the weights of classifiers by names and of the regression with its `ridge` [R], `bias` [R, C]
    those of classes, `right` [R] the fraction of right labels, and `each` [R, N] the log-probabilities of the labels.
    """

    true: Tensor
    pool: Tensor
    bias: Tensor
    ridge: Tensor
    right: Tensor
    each: Tensor

    def classifier(self, given: Given) -> Tensor:
        """The pool as class weights [R, C, E], whose logits need no further scale."""
        unit = std(left_out(given.images, self.true, self.ridge), given.valid)
        of_images = self.pool[:, -1:, None] / unit * weights(given.images, self.true, self.ridge)
        by_names = torch.einsum("rj,jrce->rce", self.pool[:, :-1], given.classifiers)
        return by_names + of_images + self.bias[..., None] * given.common[:, None]


def explain(given: Given, rounds: int = 8) -> Explanation:
    """The likelier of two ends of EM, from the given labels and from class names; replica by replica.

    An image's true class has probabilities p = softmax(sum_j a_j z_j + b g + c), with z_j the logits by names, g the
    regression of the posteriors on the features, without the image and in units of its standard deviation over classes,
    and c the biases of classes. A true class k is given label y with T[k, y], without the image's own count.
    """
    by_labels = from_labels(given)
    ends = [refined(given, first, rounds) for first in (by_labels, from_names(given, by_labels.ridge))]
    likelier = ends[1].each.sum(1) > ends[0].each.sum(1)
    return picked(likelier & ~contradicted(ends[1].true, given.labels), ends[1], ends[0])


def contradicted(true: Tensor, labels: Tensor) -> Tensor:
    """Whether some class was hardly given its own label, by posteriors [R, N, C] and given labels [R, N]: bool [R].

    The likelihood of the labels cannot see that classes have changed places, since the noise matrix absorbs it. Wrong
    labels leave some right ones; a wrong name leaves none. Two images a
    cell are added, so that few labels contradict no name.

    >>> contradicted(torch.eye(2)[[0] * 7 + [1] * 7][None], torch.tensor([[1] * 7 + [0] * 2 + [1] * 5])).tolist()
    [True]
    """
    counts = expected_counts(true, labels) + 2
    return (counts.diagonal(dim1=1, dim2=2) < OWN * counts.amax(-1)).any(1)


def from_labels(given: Given) -> Explanation:
    """A start that pools names with the regression of the given labels, under the ridge that makes these likeliest.

    Noise is even there, so that nothing is said of which class is which: classes cannot change places.
    """
    found = [_even_noise(given, _scores(given, given.shares, ridge), ridge) for ridge in _ridges(given)]
    best = found[0]
    for other in found[1:]:
        best = picked(other.each.sum(1) > best.each.sum(1), other, best)
    return best


def from_names(given: Given, ridge: Tensor) -> Explanation:
    """A start by names alone."""
    scores = torch.cat([given.named, torch.zeros_like(given.named[:1])])
    return _even_noise(given, scores, ridge)


def _ridges(given: Given) -> list[Tensor]:
    return [given.constant.new_full((len(given.labels),), ridge) for ridge in RIDGES]


def _even_noise(given: Given, scores: Tensor, ridge: Tensor) -> Explanation:
    """Weights of the pool and one fraction of right labels, by EM."""
    runs, classes = len(given.labels), scores.shape[-1]
    count = len(given.named)
    pool = torch.cat([scores.new_full((runs, count), 0.5 / count), scores.new_full((runs, 1), BY_IMAGES)], dim=1)
    right, bias = scores.new_full((runs,), RIGHT), scores.new_zeros(runs, classes)
    shares = given.shares
    for _ in range(STEPS):
        p = _probabilities(given, scores, pool, bias)
        matrix = even(right, classes)
        true, each = _posterior(given, p, matrix.mT.take_along_dim(given.labels[..., None], 1))
        pool = newton(scores, pool, p, true)
        agree = (true * shares).sum((1, 2))
        right = ((agree + 1) / (given.valid.sum(1) + 1.25)).clamp(1 / classes, 0.999)
    return Explanation(true, pool, bias, ridge, right, each)


def refined(given: Given, found: Explanation, rounds: int) -> Explanation:
    """EM from a start: the regression, the noise matrix, the posteriors and the weights in turn."""
    shares, classes = given.shares, given.named.shape[-1]
    true, pool, bias, right = found.true, found.pool, found.bias, found.right
    for number in range(rounds + 1):
        scores = _scores(given, true, found.ridge)
        p = _probabilities(given, scores, pool, bias)
        posterior, each = _posterior(given, p, likelihoods(given, true, p, right))
        if number == rounds:
            break
        true = posterior
        right = ((true * shares).sum((1, 2)) / given.valid.sum(1)).clamp(1 / classes, 0.999)
        pool = newton(scores, pool, p, true)
        bias = newton_bias(bias, given.constant, p, true)
    return Explanation(true, pool, bias, found.ridge, right, each)


def likelihoods(given: Given, true: Tensor, p: Tensor, right: Tensor) -> Tensor:
    """T[k, y] [R, N, C] of each image's given label y by true class k, from the other images' posteriors [R, N, C].

    Every row of T has the mass, out of MASSES, of pseudo-images with even noise that makes the labels likeliest.
    """
    counts, prior = expected_counts(true, given.labels), even(right, true.shape[-1])
    at = given.labels[..., None]
    own, by_prior = (each.mT.take_along_dim(at, 1) for each in (counts, prior))
    own, sums = (own - true).clamp(min=0), (counts.sum(-1)[:, None] - true).clamp(min=0)
    best, most = own, p.new_full((len(p),), -torch.inf)
    for mass in MASSES:
        chances = (own + mass * by_prior) / (sums + mass)
        gain = torch.where(given.valid, (p * chances).sum(-1).clamp(min=1e-30).log(), 0).sum(1)
        best = torch.where((gain > most)[:, None, None], chances, best)
        most = torch.maximum(gain, most)
    return best


def centred(scores: Tensor) -> Tensor:
    """Scores [..., C] less their mean over classes."""
    return scores - scores.mean(-1, keepdim=True)


def std(scores: Tensor, valid: Tensor) -> Tensor:
    """Standard deviation [R, 1, 1] over classes of scores [R, N, C], over the `valid` [R, N] images of a replica.

    >>> std(torch.tensor([[[0.1, 0.3], [0.2, 0.6], [0.0, 9.0]]]), torch.tensor([[True, True, False]]))
    tensor([[[0.1581]]])
    """
    variance = scores.var(-1, correction=0)
    return (torch.where(valid, variance, 0).sum(1) / valid.sum(1)).sqrt().clamp(min=1e-12)[:, None, None]


def picked(which: Tensor, yes: Explanation, no: Explanation) -> Explanation:
    """Replica by replica the first of two explanations, where `which` [R]."""

    def of(name: str) -> Tensor:
        first, second = getattr(yes, name), getattr(no, name)
        return torch.where(which.view(-1, *[1] * (first.dim() - 1)), first, second)

    return Explanation(*(of(field.name) for field in fields(Explanation)))


def _scores(given: Given, shares: Tensor, ridge: Tensor) -> Tensor:
    """The named logits and the left-out regression of `shares` [R, N, C], in its own units: [J + 1, R, N, C]."""
    values = centred(left_out(given.images, shares, ridge))
    return torch.cat([given.named, (values / std(values, given.valid))[None]])


def _probabilities(given: Given, scores: Tensor, pool: Tensor, bias: Tensor) -> Tensor:
    p = pooled(scores, pool, bias[:, None] * given.constant[..., None]).exp()
    return torch.where(given.valid[..., None], p, 0)


def _posterior(given: Given, p: Tensor, likelihood: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities [R, N, C] of true classes and log-probabilities [R, N] of the given labels; both 0 on padding."""
    joint = p * likelihood
    total = joint.sum(-1)
    true = joint / total.clamp(min=1e-30)[..., None]
    return true, torch.where(given.valid, total.clamp(min=1e-30).log(), 0)
