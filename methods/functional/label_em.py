"""Posteriors over true labels, by EM between class names, a regression on the images, and the given labels."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from math import log
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from methods.functional.label_noise_evidence import exchanged, likelihoods
from methods.functional.log_linear_pool import BY_IMAGES, BY_NAMES, balance, newton, newton_bias, pooled, pull
from methods.functional.regression import Spectrum, centred, hat, left_out, regression, spectrum, std, weights

#: Most nats that names can lose beside the regression, which asymmetric noise misleads; alone they must make them up.
LOST = 5.0
#: What the regression's ridge is chosen from: large ones, and smaller ones that must beat them by as many nats.
RIDGES, LARGE, BEATEN = (0.3, 3.0, 30.0, 0.003, 0.03), 3, 10.0
#: Fraction of right labels that a start begins with, and its steps.
RIGHT, STEPS = 0.7, 10


@dataclass(frozen=True)
class Given:
    """What R replicas are to explain: `labels` [R, 1, N] of images, where `valid` [R, 1, N], and logits by names.

    `features` [R, N, E] are 0 on padding, as `shares` [R, 1, N, C] are, the labels one-hot. The logits `named`
    [R, J, N, C] are those of `classifiers` [R, J, C, E]; with biases `balance` [R, J, C] classes get their shares.
    `common` [R, E] is the mean feature over its squared length, so that `constant` [R, 1, N] = features . common is
    about 1, and `by_labels` [R, 1, N, C] is the regression of the labels under `ridge` [R], with its hat matrix.
    """

    features: Tensor
    labels: Tensor
    valid: Tensor
    shares: Tensor
    images: Spectrum
    common: Tensor
    constant: Tensor
    by_labels: Tensor
    ridge: Tensor
    hat: tuple[Tensor, ...]
    classifiers: Tensor
    named: Tensor
    balance: Tensor

    @classmethod
    def of(cls, features: Tensor, labels: Tensor, valid: Tensor, names: Tensor) -> Given:
        """From unit features [R, N, E], labels, `valid` [R, N], and text features of names; the likeliest of RIDGES."""
        x = torch.where(valid[..., None], features, 0)
        mean = x.sum(1) / valid.sum(1, keepdim=True)
        common = mean / mean.square().sum(-1, keepdim=True).clamp(min=1e-12)
        shares = one_hot(labels, names.shape[1]).to(x) * valid[..., None]
        one, some, images, zeros = shares[:, None], valid[:, None], spectrum(x), x.new_zeros(len(x))
        by_labels = torch.cat([regression(hat(images, zeros + ridge), one, some) for ridge in RIDGES], 1)
        known = x, labels[:, None], some, one, images, common, common[:, None] @ x.mT, by_labels, zeros
        none, any_ridge = names[:, None][:, :0], hat(images, zeros + RIDGES[0])
        given = cls(*known, any_ridge, classifiers=none, named=one[:, :0], balance=none[..., 0]).beside(names)
        likely = _even_noise(given, given.scores(by_labels)).each.sum(-1)
        best = torch.cat([likely[:, :LARGE], likely[:, LARGE:] - BEATEN], 1).argmax(1)
        for number, value in enumerate(RIDGES):
            zeros = zeros.masked_fill(best == number, value)  # a tensor of RIDGES would be waited for
        chosen = by_labels.take_along_dim(best.view(-1, 1, 1, 1), 1)
        return replace(given, ridge=zeros, hat=hat(images, zeros), by_labels=chosen)

    def beside(self, classifier: Tensor) -> Given:
        """The same with one more classifier [R, C, E] by names, which exchanged names leave for their classes."""
        named = centred(self.features @ classifier.mT)
        name = exchanged((BY_NAMES * named).softmax(-1) * self.valid[:, 0, :, None], self.labels[:, 0])
        classifier = classifier.gather(1, name[..., None].expand_as(classifier))
        named = named.gather(2, name[:, None].expand_as(named))
        even = balance(named, self.shares[:, 0].sum(1), self.constant[:, 0], self.valid[:, 0])
        new = {"classifiers": classifier, "named": named, "balance": even}
        joined: dict[str, Any] = {key: torch.cat([getattr(self, key), each[:, None]], 1) for key, each in new.items()}
        return replace(self, **joined)

    def shifted(self, bias: Tensor) -> Given:
        """The same with biases [R, J, C] of the classifiers by names."""
        named = self.named + bias.unsqueeze(-2) * self.constant[..., None]
        return replace(self, named=named, classifiers=self.classifiers + bias[..., None] * self.common[:, None, None])

    def scores(self, regression: Tensor) -> Tensor:
        """The logits by names beside those of regressions [R, S, N, C]: [R, S, J + 1, N, C]."""
        return torch.cat([self.named[:, None].expand(-1, regression.shape[1], -1, -1, -1), regression[:, :, None]], 2)


@dataclass(frozen=True)
class Explanation:
    """Probabilities `true` [R, S, N, C] of true classes, 0 on padding, and what explains the given labels by them.

    `pool` [R, S, J + 1] are weights of names and the regression, `bias` [R, S, C] of classes, `right` [R, S] the
    fraction of right labels, `each` [R, S, N] log-probabilities of labels. S counts starts; `picked` leaves it out.
    """

    true: Tensor
    pool: Tensor
    bias: Tensor
    right: Tensor
    each: Tensor

    def picked(self, start: Tensor) -> Explanation:
        """Every replica's own start [R], or starts [R, S']."""
        rows = torch.arange(len(start), device=start.device).view(-1, *[1] * (start.dim() - 1))
        return Explanation(*(getattr(self, field.name)[rows, start] for field in fields(self)))

    def classifier(self, given: Given) -> Tensor:
        """The pool as class weights [R, C, E], whose logits need no further scale; of one start for each replica."""
        unit = std(centred(left_out(given.hat, self.true)), given.valid[:, 0])
        of_images = self.pool[:, -1:, None] / unit * weights(given.images, self.true, given.ridge)
        by_names = torch.einsum("rj,rjce->rce", self.pool[:, :-1], given.classifiers)
        return by_names + of_images + self.bias[..., None] * given.common[:, None]


def explain(given: Given, rounds: int = 8) -> Explanation:
    """The likelier end of EM, less what weights cost, from given labels and from names; replica by replica."""
    balance, told, start = starts(given)
    served = given.shifted(balance)
    ends = refined(replace(served, named=served.named * told[:, None, None, None]), start, rounds)
    by_labels, by_names = (ends.each.sum(-1) - pull(ends.pool, ends.bias)).T
    found = ends.picked((by_names > by_labels).long())
    pool = torch.cat([found.pool[:, :-1] * told[:, None], found.pool[:, -1:]], 1)
    return replace(found, pool=pool, bias=found.bias + (pool[:, :-1, None] * balance).sum(1))


def starts(given: Given) -> tuple[Tensor, Tensor, Explanation]:
    """Biases [R, J, C] of names, 0 where balance makes labels no likelier, whether names tell labels [R], and starts.

    Names tell the labels where these gain nats by them, alone and beside the regression together.
    The starts are with the labels' regression, and by names alone; where these tell nothing, both have no names.
    Under their even noise no classes change places.
    """
    balanced, unnamed = given.shifted(given.balance), replace(given, named=torch.zeros_like(given.named))
    found = _even_noise(given, torch.cat([each.scores(given.by_labels) for each in (given, balanced, unnamed)], 1))
    better = found.each[:, 1].sum(-1) > found.each[:, 0].sum(-1)
    balance = given.balance * better[:, None, None]
    alone = _even_noise(given, given.shifted(balance).scores(torch.zeros_like(given.by_labels)))
    both = Explanation(*(torch.cat([getattr(each, f.name) for each in (found, alone)], 1) for f in fields(found)))
    likely = both.each.sum(-1) - pull(both.pool, both.bias)
    first, last = better.long(), torch.full_like(better, 3, dtype=torch.long)
    beside = likely.gather(1, first[:, None])[:, 0] - likely[:, 2]
    told = likely[:, 3] + beside.clamp(min=-LOST) > -given.valid.sum((1, 2)) * log(given.shares.shape[-1])
    return balance, told, both.picked(torch.where(told[:, None], torch.stack([first, last], 1), 2))


def _even_noise(given: Given, scores: Tensor) -> Explanation:
    """Weights of the pool and one fraction of right labels, by EM, for each of some scores [R, S, J + 1, N, C]."""
    classes = scores.shape[-1]
    pool = scores.new_full(scores.shape[:3], 0.5 / (scores.shape[2] - 1))
    pool[..., -1] = BY_IMAGES
    right, bias = torch.full_like(pool[..., 0], RIGHT), scores.new_zeros(*scores.shape[:2], classes)
    for _ in range(STEPS):
        p = pooled(scores, pool, bias.unsqueeze(-2), given.valid)
        wrong = (1 - right) / max(classes - 1, 1)
        chances = wrong[..., None, None] + given.shares * (right - wrong)[..., None, None]
        true, each = _posterior(p, chances, given.valid)
        pool = newton(scores, pool, p, true)
        right = (((true * given.shares).sum((2, 3)) + 1) / (given.valid.sum(-1) + 1.25)).clamp(1 / classes, 0.999)
    return Explanation(true, pool, bias, right, each)


def refined(given: Given, found: Explanation, rounds: int) -> Explanation:
    """EM from starts: the regression, the noise matrix, the posteriors and the weights in turn."""
    true, pool, bias, right = found.true, found.pool, found.bias, found.right
    labels = given.labels.expand(true.shape[:-1])
    for number in range(rounds + 1):
        scores = given.scores(regression(given.hat, true, given.valid))
        p = pooled(scores, pool, bias.unsqueeze(-2) * given.constant[..., None], given.valid)
        posterior, each = _posterior(p, likelihoods(labels, true, p, right), given.valid)
        if number == rounds:
            break
        true = posterior
        right = ((true * given.shares).sum((2, 3)) / given.valid.sum(-1)).clamp(1 / true.shape[-1], 0.999)
        pool = newton(scores, pool, p, true)
        bias = newton_bias(bias, given.constant, p, true)
    return Explanation(true, pool, bias, right, each)


def _posterior(p: Tensor, chances: Tensor, valid: Tensor) -> tuple[Tensor, Tensor]:
    """Probabilities of true classes and log-probabilities [R, S, N] of the given labels; both 0 on padding."""
    joint = p * chances
    total = joint.sum(-1).clamp(min=1e-30)
    return joint / total[..., None], torch.where(valid, total.log(), 0)
