"""How labels go wrong, as posteriors [R, ..., N, C] of EM's starts tell: chances of labels, and exchanged names."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

from methods.functional.noise_matrix import even, expected_counts, log_evidence

#: What the pseudo-images a row of the noise matrix are chosen from.
MASSES = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
#: Nats by which labels must be more probable if names have changed places.
EXCHANGED = 5.0
#: What an image adds to the logits that assign names to classes, and the steps that they take.
SHARP, ASSIGNING = 10.0, 20


def likelihoods(labels: Tensor, true: Tensor, p: Tensor, right: Tensor) -> Tensor:
    """`T[k, y]`, [R, ..., N, C], of each image's label y [R, ..., N] by true class k, from the other images' `true`.

    Every row of T has the mass, out of MASSES, of pseudo-images with even noise (`right` [R, ...] labels stay) that
    makes the labels likeliest under probabilities `p` of true classes. Both are [R, ..., N, C], and 0 on padding.
    """
    counts, prior = expected_counts(true, labels), even(right, true.shape[-1])
    at = labels[..., None].expand_as(true)
    own, by_prior = (each.mT.gather(-2, at) for each in (counts, prior))
    own, sums = (own - true).clamp(min=0), (counts.sum(-1).unsqueeze(-2) - true).clamp(min=0)
    best, most = torch.zeros_like(right), torch.full_like(right, -torch.inf)
    told, believed = p * own, p * by_prior
    for tried in MASSES:
        chance = torch.add(told, believed, alpha=tried).div_(sums + tried).sum(-1)
        gain = torch.where(chance > 0, chance.clamp(min=1e-30).log(), 0).sum(-1)
        best = best.masked_fill(gain > most, tried)
        most = torch.maximum(gain, most)
    mass = best[..., None, None]
    return (own + mass * by_prior) / (sums + mass)


def exchanged(named: Tensor, labels: Tensor) -> Tensor:
    """The class [..., C] whose name each class should bear, itself unless `reordered` names gain EXCHANGED nats.

    >>> exchanged(torch.eye(3)[[0] * 7 + [1] * 7 + [2] * 7], torch.tensor([1] * 7 + [0] * 7 + [2] * 7)).tolist()
    [1, 0, 2]
    """
    name, gained = reordered(named, labels)
    return torch.where(gained[..., None] > EXCHANGED, name, torch.arange(name.shape[-1], device=labels.device))


def reordered(named: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Names [..., C] in the order that fits labels [..., N] best, by probabilities [..., N, C] by names, and its gain.

    That [...] is by how many nats labels are more probable so, less log C for each class that has another name: a class
    whose labels are all wrong among others whose labels are right is less probable than a name that is.
    """
    counts, own = expected_counts(named, labels), torch.arange(named.shape[-1], device=labels.device)
    assigned = SHARP * counts
    for _ in range(ASSIGNING):
        assigned = assigned.log_softmax(-1).log_softmax(-2)
    name = assigned.argmax(-2)
    name = torch.where((name.sort(-1).values == own).all(-1, keepdim=True), name, own)
    moved = log_evidence(counts.gather(-2, name[..., None].expand_as(counts))) - (name != own).sum(-1) * log(len(own))
    return name, moved - log_evidence(counts)
