"""Posteriors over true labels, by EM between class names, a regression on the images, and the given labels."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from methods.functional.label_noise_evidence import contradicted, likelihoods
from methods.functional.log_linear_pool import BY_IMAGES, newton, newton_bias, pooled
from methods.functional.regression import Spectrum, centred, left_out, regression, spectrum, std, weights

#: What the regression's ridge is chosen from.
RIDGES = (0.3, 3.0, 30.0)
#: Fraction of right labels that a start begins with, and its steps.
RIGHT, STEPS = 0.7, 10


@dataclass(frozen=True)
class Given:
    """What R replicas are to explain: `labels` [R, 1, N] of images, where `valid` [R, 1, N], and logits by names.

    `features` [R, N, E] are 0 on padding, as `shares` [R, 1, N, C] are, the labels one-hot. The logits `named`
    [R, J, N, C], centred over classes, are those of `classifiers` [R, J, C, E]. `common` [R, E] is the mean feature
    over its squared length, so that the part `constant` [R, 1, N] = features . common of an image is about 1, and
    `by_labels` [R, K, N, C] are the regressions of the labels under each of RIDGES.
    """

    features: Tensor
    labels: Tensor
    valid: Tensor
    shares: Tensor
    images: Spectrum
    common: Tensor
    constant: Tensor
    by_labels: Tensor
    classifiers: Tensor
    named: Tensor

    @classmethod
    def of(cls, features: Tensor, labels: Tensor, valid: Tensor, names: Tensor) -> Given:
        """From unit features [R, N, E], labels, `valid` [R, N], and text features of names, times the logit scale."""
        x = torch.where(valid[..., None], features, 0)
        mean = x.sum(1) / valid.sum(1, keepdim=True)
        common = mean / mean.square().sum(-1, keepdim=True).clamp(min=1e-12)
        shares = one_hot(labels, names.shape[1]).to(x) * valid[..., None]
        one, some, images = shares[:, None], valid[:, None], spectrum(x)
        by_labels = torch.cat([regression(images, one, some, x.new_full((len(x),), ridge)) for ridge in RIDGES], 1)
        known = x, labels[:, None], some, one, images, common, common[:, None] @ x.mT, by_labels
        given = cls(*known, classifiers=names[:, None][:, :0], named=one[:, :0])
        return given.beside(names)

    def beside(self, classifier: Tensor) -> Given:
        """The same with one more classifier [R, C, E] by names."""
        classifiers = torch.cat([self.classifiers, classifier[:, None]], 1)
        named = torch.cat([self.named, centred(self.features @ classifier.mT)[:, None]], 1)
        return replace(self, classifiers=classifiers, named=named)

    def scores(self, regression: Tensor) -> Tensor:
        """The logits by names beside those of regressions [R, S, N, C]: [R, S, J + 1, N, C]."""
        named = self.named[:, None].expand(-1, regression.shape[1], -1, -1, -1)
        return torch.cat([named, regression[:, :, None]], 2)


@dataclass(frozen=True)
class Explanation:
    """Probabilities `true` [R, S, N, C] of true classes, 0 on padding, and what explains the given labels by them.

    `pool` [R, S, J + 1] are the weights of classifiers by names and of the regression with its `ridge` [R, S], `bias`
    [R, S, C] those of classes, `right` [R, S] the fraction of right labels, and `each` [R, S, N] the log-probabilities
    of the labels. S counts starts; `picked` leaves it out.
    """

    true: Tensor
    pool: Tensor
    bias: Tensor
    ridge: Tensor
    right: Tensor
    each: Tensor

    def picked(self, start: Tensor) -> Explanation:
        """Every replica's own start [R], or starts [R, S']."""
        rows = torch.arange(len(start), device=start.device).view(-1, *[1] * (start.dim() - 1))
        return Explanation(*(getattr(self, field.name)[rows, start] for field in fields(self)))

    def classifier(self, given: Given) -> Tensor:
        """The pool as class weights [R, C, E], whose logits need no further scale; of one start for each replica."""
        unit = std(centred(left_out(given.images, self.true, self.ridge)), given.valid[:, 0])
        of_images = self.pool[:, -1:, None] / unit * weights(given.images, self.true, self.ridge)
        by_names = torch.einsum("rj,rjce->rce", self.pool[:, :-1], given.classifiers)
        return by_names + of_images + self.bias[..., None] * given.common[:, None]


def explain(given: Given, rounds: int = 8) -> Explanation:
    """The likelier of two ends of EM, from the given labels and from class names; replica by replica.

    An image's true class has probabilities p = softmax(sum_j a_j z_j + b g + c), with z_j the logits by names, g the
    regression of the posteriors on the features, without the image and in units of its standard deviation over classes,
    and c the biases of classes. A true class k is given label y with T[k, y], without the image's own count.
    """
    ends = refined(given, starts(given), rounds)
    by_labels, by_names = ends.each.sum(-1).T
    return ends.picked(((by_names > by_labels) & ~contradicted(ends.true[:, 1], given.labels[:, 0])).long())


def starts(given: Given) -> Explanation:
    """Two starts: names pooled with the regression of the given labels, and names alone.

    Both have the ridge under which the first makes the labels likeliest. Under its even noise no classes change places.
    """
    found = _even_noise(given, torch.cat([given.by_labels, torch.zeros_like(given.shares)], 1))
    best = found.each[:, :-1].sum(-1).argmax(1)
    both = found.picked(torch.stack([best, torch.full_like(best, len(RIDGES))], 1))
    ridge = torch.zeros_like(both.right[:, 0])
    for number, value in enumerate(RIDGES):
        ridge = ridge.masked_fill(best == number, value)  # a tensor of RIDGES would be waited for
    return replace(both, ridge=ridge[:, None].expand(-1, 2))


def _even_noise(given: Given, regressions: Tensor) -> Explanation:
    """Weights of the pool and one fraction of right labels, by EM, for each of some regressions [R, S, N, C]."""
    scores, classes = given.scores(regressions), regressions.shape[-1]
    count = scores.shape[2] - 1
    pool = scores.new_full((*scores.shape[:2], count + 1), 0.5 / count)
    pool[..., -1] = BY_IMAGES
    right, bias = torch.full_like(pool[..., 0], RIGHT), scores.new_zeros(*scores.shape[:2], classes)
    for _ in range(STEPS):
        p = _probabilities(given, scores, pool, bias)
        wrong = (1 - right) / max(classes - 1, 1)
        chances = wrong[..., None, None] + given.shares * (right - wrong)[..., None, None]
        true, each = _posterior(p, chances)
        pool = newton(scores, pool, p, true)
        right = (((true * given.shares).sum((2, 3)) + 1) / (given.valid.sum(-1) + 1.25)).clamp(1 / classes, 0.999)
    return Explanation(true, pool, bias, torch.zeros_like(right), right, each)


def refined(given: Given, found: Explanation, rounds: int) -> Explanation:
    """EM from starts: the regression, the noise matrix, the posteriors and the weights in turn."""
    true, pool, bias, right = found.true, found.pool, found.bias, found.right
    labels, ridge = given.labels.expand(true.shape[:-1]), found.ridge[:, 0]
    for number in range(rounds + 1):
        scores = given.scores(regression(given.images, true, given.valid, ridge))
        p = _probabilities(given, scores, pool, bias)
        posterior, each = _posterior(p, likelihoods(labels, true, p, right))
        if number == rounds:
            break
        true = posterior
        right = ((true * given.shares).sum((2, 3)) / given.valid.sum(-1)).clamp(1 / true.shape[-1], 0.999)
        pool = newton(scores, pool, p, true)
        bias = newton_bias(bias, given.constant, p, true)
    return Explanation(true, pool, bias, found.ridge, right, each)


def _probabilities(given: Given, scores: Tensor, pool: Tensor, bias: Tensor) -> Tensor:
    return pooled(scores, pool, bias.unsqueeze(-2) * given.constant[..., None]) * given.valid[..., None]


def _posterior(p: Tensor, chances: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities of true classes and log-probabilities [R, S, N] of the given labels; both 0 on padding."""
    joint = p * chances
    total = joint.sum(-1).clamp(min=1e-30)
    return joint / total[..., None], torch.where(p.sum(-1) > 0, total.log(), 0)
