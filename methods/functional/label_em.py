"""Posteriors over true labels, by EM between classifiers, class means of the images, and the given labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize


def standardised(scores: Tensor, valid: Tensor) -> Tensor:
    """Scores [R, N, C] less their mean over classes, in units of their standard deviation over a replica's images.

    Images that are not `valid` [R, N] do not count.

    >>> scores = torch.tensor([[[0.1, 0.3], [0.2, 0.6], [0.0, 9.0]]])
    >>> standardised(scores, torch.tensor([[True, True, False]]))[0, :2]
    tensor([[-0.6325,  0.6325],
            [-1.2649,  1.2649]])
    """
    centred = scores - scores.mean(-1, keepdim=True)
    return centred / spread(centred, valid)


def spread(scores: Tensor, valid: Tensor) -> Tensor:
    """Standard deviation [R, 1, 1] over classes of scores [R, N, C], over the `valid` [R, N] images of a replica."""
    variance = scores.var(-1, correction=0)
    return (torch.where(valid, variance, 0).sum(1) / valid.sum(1)).sqrt().clamp(min=1e-12)[:, None, None]


def class_means(features: Tensor, shares: Tensor) -> Tensor:
    """Unit means [R, C, E] of unit features [R, N, E], weighted by `shares` [R, N, C].

    >>> class_means(torch.eye(2)[None], torch.tensor([[[1.0, 0.5], [0.0, 0.5]]]))
    tensor([[[1.0000, 0.0000],
             [0.7071, 0.7071]]])
    """
    return normalize(shares.transpose(1, 2) @ features, dim=-1)


def true_labels(
    features: Tensor, given: Tensor, valid: Tensor, judgement: Tensor, prior: float = 0.25, rounds: int = 20
) -> tuple[Tensor, Tensor]:
    """Posterior [R, N, C] over each image's true label, and the transition matrices [R, C, C] from true to given label.

    With unit features [R, N, E], given labels [R, N], log-probabilities `judgement` [R, N, C] of classifiers, and
    valid [R, N] False on padding, each round computes

        q_i(k) ~ exp(judgement_ik + s_ik) T[k, given_i],    T[k, c] ~ sum_i q_i(k) [given_i = c] + prior N / C T0[k, c],

    where s are the standardised cosines to the class means under q. T0 has on its diagonal the share of given labels
    that the judgement expects, and the rest spread evenly: Dawid & Skene's EM (1979) for one annotator, with a prior of
    `prior` N / C pseudo-images a row.

    >>> features = torch.eye(2)[[0, 0, 0, 1, 1]][None]
    >>> given, valid = torch.tensor([[0, 0, 1, 1, 1]]), torch.ones(1, 5, dtype=torch.bool)
    >>> true_labels(features, given, valid, judgement=features.clone(), rounds=5)[0].argmax(-1).tolist()
    [[0, 0, 0, 1, 1]]
    """
    classes, on = judgement.shape[-1], valid.unsqueeze(-1)
    q = torch.where(on, judgement.softmax(-1), 0)
    count = valid.sum(1).to(q)
    agreement = (q.gather(-1, given.unsqueeze(-1)).squeeze(-1).sum(1) / count).clamp(1 / classes, 1 - 1e-6)
    start = _even(agreement, classes)
    pseudo = (prior * count / classes)[:, None, None] * start
    transition = _transition(q, given, pseudo)
    for _ in range(rounds):
        means = standardised(features @ class_means(features, q).transpose(1, 2), valid)
        likelihood = transition.transpose(1, 2).take_along_dim(given.unsqueeze(-1), 1)
        q = torch.where(on, (judgement + means + likelihood.log()).softmax(-1), 0)
        transition = _transition(q, given, pseudo)
    return q, transition


def left_out(features: Tensor, shares: Tensor) -> Tensor:
    """Cosines [R, N, C] of unit features [R, N, E] to the class means, to which the image itself adds nothing.

    >>> left_out(torch.eye(2)[[0, 0, 1]][None], torch.eye(2)[[0, 0, 0]][None])[0, :, 0]
    tensor([0.7071, 0.7071, 0.0000])
    """
    sums = shares.transpose(1, 2) @ features
    cosines = features @ sums.transpose(1, 2)
    lengths = sums.square().sum(-1)[:, None] - 2 * shares * cosines + shares.square()
    return (cosines - shares) / lengths.clamp(min=1e-12).sqrt()


def likeliest(
    scores: Iterable[Tensor], given: Tensor, valid: Tensor, transition: Tensor, sharpness: Sequence[float]
) -> tuple[Tensor, Tensor]:
    """Which scores [R, N, C] make the given labels [R, N] likeliest, and how sharp they are: indices [R], factors [R].

    The likelihood of a label c is sum_k p_k T[k, c] with p = softmax(factor * standardised(scores)).
    """
    shares = transition.transpose(1, 2).take_along_dim(given.unsqueeze(-1), 1)
    found = []
    for each in scores:
        plain = standardised(each, valid)
        for factor in sharpness:
            likelihood = ((factor * plain).softmax(-1) * shares).sum(-1).log()
            found.append(torch.where(valid, likelihood, 0).sum(1))
    best = torch.stack(found).argmax(0)
    factors = torch.tensor(sharpness, device=best.device)
    return best // len(sharpness), factors[best % len(sharpness)]


def _even(agreement: Tensor, classes: int) -> Tensor:
    """Transition matrices [R, C, C] with the agreement [R] on the diagonal and the rest spread evenly."""
    other = ((1 - agreement) / (classes - 1))[:, None, None]
    return other + torch.eye(classes, device=agreement.device) * (agreement[:, None, None] - other)


def _transition(q: Tensor, given: Tensor, pseudo: Tensor) -> Tensor:
    """Transition matrices [R, C, C] by the posterior's expected counts and pseudo-counts [R, C, C]."""
    counts = torch.zeros_like(pseudo).scatter_add(1, given.unsqueeze(-1).expand_as(q), q).transpose(1, 2) + pseudo
    return counts / counts.sum(-1, keepdim=True)
