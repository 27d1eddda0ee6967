"""How labels go wrong, as posteriors [R, ..., N, C] of EM's starts tell: chances of labels, and contradicted names."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.functional.noise_matrix import even, expected_counts

#: What the pseudo-images a row of the noise matrix are chosen from.
MASSES = (1.0, 3.0, 10.0, 30.0, 100.0, 1000.0)
#: Least share of a class's images with its own label, of those with another's, under which its name is believed.
OWN = 0.25


def likelihoods(labels: Tensor, true: Tensor, p: Tensor, right: Tensor) -> Tensor:
    """T[k, y] [R, ..., N, C] of each image's given label y [R, ..., N] by true class k, from the other images' `true`.

    Every row of T has the mass, out of MASSES, of pseudo-images with even noise (`right` [R, ...] labels stay) that
    makes the labels likeliest under probabilities `p` of true classes. Both are [R, ..., N, C], and 0 on padding.
    """
    counts, prior = expected_counts(true, labels), even(right, true.shape[-1])
    at = labels[..., None].expand_as(true)
    own, by_prior = (each.mT.gather(-2, at) for each in (counts, prior))
    own, sums = (own - true).clamp(min=0), (counts.sum(-1).unsqueeze(-2) - true).clamp(min=0)
    best, most = own, torch.full_like(right, -torch.inf)
    for mass in MASSES:
        chances = (own + mass * by_prior) / (sums + mass)
        chance = (p * chances).sum(-1)
        gain = torch.where(chance > 0, chance.clamp(min=1e-30).log(), 0).sum(-1)
        best = torch.where((gain > most)[..., None, None], chances, best)
        most = torch.maximum(gain, most)
    return best


def contradicted(true: Tensor, labels: Tensor) -> Tensor:
    """Whether some class hardly shares images with its own label, by posteriors [R, N, C] and labels [R, N]: bool [R].

    The noise matrix absorbs it where classes change places. Two images a cell are added: few labels contradict no name.

    >>> contradicted(torch.eye(2)[[0] * 7 + [1] * 7][None], torch.tensor([[1] * 7 + [0] * 7])).tolist()
    [True]
    """
    counts = expected_counts(true, labels) + 2
    most = torch.minimum(counts.amax(-1), counts.amax(-2))
    return (counts.diagonal(dim1=1, dim2=2) < OWN * most).any(1)
