"""Posteriors over true labels, by EM between classifiers, class means of the images, and the given labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize, one_hot

from methods.functional.noise_matrix import even, expected_counts, rows_of


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
    features: Tensor,
    given: Tensor,
    valid: Tensor,
    judgement: Tensor,
    trusted: Tensor | None = None,
    prior: float = 0.25,
    rounds: int = 20,
) -> tuple[Tensor, Tensor]:
    """Posterior [R, N, C] over each image's true label, and the transition matrices [R, C, C] from true to given label.

    With unit features [R, N, E], given labels [R, N], standardised scores `judgement` [R, N, C] of classifiers, and
    valid [R, N] False on padding, each round computes

        q_i(k) ~ exp(judgement_ik + s_ik) T[k, given_i],    T[k, c] ~ sum_i q_i(k) [given_i = c] + prior N / C T0[k, c],

    where s are the standardised cosines to the class means under q. T0 has on its diagonal the share of given labels
    that the judgement expects, and the rest spread evenly: Dawid & Skene's EM (1979) for one annotator, with a prior of
    `prior` N / C pseudo-images a row. Where the labels refute the names of a quarter of the classes or more, these
    classes start again from the given labels, and nothing but their means is judged; likewise all classes of a replica
    whose judgement is not `trusted` [R] (default: all are).

    >>> features = torch.eye(2)[[0, 0, 0, 1, 1]][None]
    >>> given, valid = torch.tensor([[0, 0, 1, 1, 1]]), torch.ones(1, 5, dtype=torch.bool)
    >>> true_labels(features, given, valid, judgement=features.clone(), rounds=5)[0].argmax(-1).tolist()
    [[0, 0, 0, 1, 1]]
    """
    q, transition = _em(features, given, valid, judgement, judgement.softmax(-1), prior, rounds)
    wrong = refuted(q, given)
    wrong &= wrong.float().mean(1, keepdim=True) >= 0.25
    wrong |= False if trusted is None else ~trusted[:, None]
    if not wrong.any():
        return q, transition
    as_given = one_hot(given, q.shape[-1]).to(q)
    rest = torch.where(wrong[:, None], 0, q) + 1e-6 * as_given
    start = torch.where(wrong.gather(1, given).unsqueeze(-1), as_given, rest / rest.sum(-1, keepdim=True))
    again = _em(features, given, valid, torch.where(wrong[:, None], 0, judgement), start, prior, rounds)
    restarted = wrong.any(1)[:, None, None]
    return torch.where(restarted, again[0], q), torch.where(restarted, again[1], transition)


def refuted(q: Tensor, given: Tensor, share: float = 0.05, least: int = 10) -> Tensor:
    """Classes [R, C] whose names say something else than the labels, by posteriors [R, N, C] and given labels [R, N].

    At least `least` images are judged to be of such a class, and fewer of them were given its label than `share` of
    those that were given another one: wrong labels leave some right ones, and a wrong name leaves none.

    >>> refuted(torch.eye(2)[[0] * 12 + [1] * 12][None], torch.tensor([[1] * 12 + [0] * 3 + [1] * 9])).tolist()
    [[True, False]]
    """
    counts = expected_counts(q, given)
    return (counts.diagonal(dim1=1, dim2=2) < share * counts.amax(-1)) & (counts.sum(-1) >= least)


def above_chance(scores: Tensor, given: Tensor, valid: Tensor) -> Tensor:
    """Whether the arg-max of scores [R, N, C] is the given label [R, N] more often than by chance, by a standard error.

    >>> scores = torch.eye(2)[[0, 0, 1, 1]].expand(2, -1, -1)
    >>> above_chance(scores, torch.tensor([[0, 0, 1, 1], [0, 1, 1, 0]]), torch.ones(2, 4, dtype=torch.bool)).tolist()
    [True, False]
    """
    count, classes = valid.sum(1), scores.shape[-1]
    predicted, labels = (
        one_hot(each, classes) * valid.unsqueeze(-1) / count[:, None, None] for each in (scores.argmax(-1), given)
    )
    agreement = (predicted * labels).sum((1, 2)) * count
    chance = (predicted.sum(1) * labels.sum(1)).sum(-1)
    return agreement > chance + (chance * (1 - chance) / count).sqrt()


def _em(
    features: Tensor, given: Tensor, valid: Tensor, judgement: Tensor, start: Tensor, prior: float, rounds: int
) -> tuple[Tensor, Tensor]:
    """The rounds of `true_labels`, from a posterior `start` [R, N, C]."""
    classes, on = judgement.shape[-1], valid.unsqueeze(-1)
    q, count = torch.where(on, start, 0), valid.sum(1).to(start)
    agreement = (q.gather(-1, given.unsqueeze(-1)).squeeze(-1).sum(1) / count).clamp(1 / classes, 1 - 1e-6)
    pseudo = (prior * count / classes)[:, None, None] * even(agreement, classes)
    transition = rows_of(expected_counts(q, given) + pseudo)
    for _ in range(rounds):
        means = standardised(features @ class_means(features, q).transpose(1, 2), valid)
        likelihood = transition.transpose(1, 2).take_along_dim(given.unsqueeze(-1), 1)
        q = torch.where(on, (judgement + means + likelihood.log()).softmax(-1), 0)
        transition = rows_of(expected_counts(q, given) + pseudo)
    return q, transition


def left_out(features: Tensor, shares: Tensor) -> Tensor:
    """Cosines [R, N, C] of unit features [R, N, E] to the class means, to which the image itself adds nothing.

    They shrink to 0 where less than half an image is left.

    >>> left_out(torch.eye(2)[[0, 0, 1]][None], torch.eye(2)[[0, 0, 0]][None])[0, :, 0]
    tensor([0.7071, 0.7071, 0.0000])
    """
    sums = shares.transpose(1, 2) @ features
    cosines = features @ sums.transpose(1, 2)
    lengths = sums.square().sum(-1)[:, None] - 2 * shares * cosines + shares.square()
    return (cosines - shares) / lengths.clamp(min=0.25).sqrt()


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
