"""One explanation of given labels: classifiers pooled with fitted weights, a noise matrix, and what they say of images.

The model of an image: its true class z has probability q(z) = softmax(sum_k w_k l_k)_z, where l_k are out-of-fold
log-probabilities of K classifiers, and its given label y has probability T[z, y]. EM finds weights w and matrix T.
"60/40, no noise" and "sure, 40 % noise" explain labels equally well: the weights pay PRICE nats per nat of q's entropy,
and explanations are compared at JUDGED, so that the latter is preferred.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from methods.functional.noise_matrix import expected_counts, likeliest_prior, true_given

EXPECTED = 0.2
PRICE, JUDGED = 0.1, 0.5
ROUNDS = 30
#: Rounds after which the concentrations of the matrix's prior are chosen again.
AGAIN = 5
#: Sum of the weights that classifiers by class names are expected to have, weight of any other, and the pull, in nats.
TRUSTED, OTHER, PULL = 1.4, 0.05, 5.0
#: What the expected fraction of wrong labels counts for, in units of the images.
EXPECTED_COUNTS = 0.4
MOST_STEP = 0.5


@dataclass(frozen=True)
class Evidence:
    """What is to be explained: log-probabilities [K, P, C] of classifiers, and the given labels [P] of the images.

    The first `named` classifiers know the classes by their names, where these say anything. `checked` [P] are true
    classes that a person gave, -1 where nobody looked; `expected` is a fraction of wrong labels, 0 to 1, and `more` are
    weights above OTHER that are expected, by the number of the classifier.
    """

    logs: Tensor
    labels: Tensor
    named: int
    checked: Tensor
    expected: float = EXPECTED
    more: Mapping[int, float] = field(default_factory=dict)

    def pick(self, rows: Tensor) -> Evidence:
        """The images `rows` [n] alone; one may come more than once."""
        return replace(self, logs=self.logs[:, rows], labels=self.labels[rows], checked=self.checked[rows])

    def pull(self) -> Tensor:
        """Weights [K] that are expected."""
        weights = torch.full((len(self.logs),), OTHER, dtype=torch.float64)
        weights[: self.named] = TRUSTED / max(self.named, 1)
        for number, weight in self.more.items():
            weights[number] = weight
        return weights


@dataclass(frozen=True)
class Explanation:
    """Weights [K] of the classifiers, the noise matrix [C, C], and probabilities of true classes.

    `pooled` [P, C] are log-probabilities by the image alone, `true` [P, C] probabilities by image and label. `evidence`
    is how well it explains the labels and `value` the same less the price of the entropy, in nats; only differences
    count.
    """

    weights: Tensor
    matrix: Tensor
    pooled: Tensor
    true: Tensor
    evidence: float
    value: float

    def wrong(self, labels: Tensor) -> Tensor:
        """The probability [P] that the given labels [P] are wrong, from 0 to 1."""
        return wrong_probability(self.true, labels)

    def said_of(self, evidence: Evidence) -> Tensor:
        """Probabilities [P, C] of the true classes of other images."""
        return posterior(_pooled(self.weights, evidence.logs), evidence, self.matrix)


def wrong_probability(true: Tensor, labels: Tensor) -> Tensor:
    """The probability [P] that given labels [P] are wrong, by probabilities [P, C] of true classes.

    It keeps its digits where 1 - p would lose them.
    """
    return true.scatter(1, labels[:, None], 0).sum(1)


def explain(
    evidence: Evidence, weights: Tensor, matrix: Tensor, price: float | None = PRICE, rounds: int = ROUNDS
) -> Explanation:
    """EM from `weights` [K], which move by Newton steps unless they have no `price`, and `matrix` [C, C]."""
    logs, labels, pull = evidence.logs, evidence.labels, evidence.pull()
    prior = None
    for number in range(rounds + 1):
        pooled = _pooled(weights, logs)
        true = posterior(pooled, evidence, matrix)
        counts = expected_counts(true, labels).double()
        if number == rounds:
            break
        rate = fraction_wrong(counts, evidence.expected)
        if prior is None or number % AGAIN == 0:
            prior = likeliest_prior(counts, rate)
        prior = replace(prior, rate=rate)
        matrix = prior.matrix(counts)
        weights = weights if price is None else _newton(weights, logs, pooled, true, price, pull)
    assert prior is not None
    entropy = -float((pooled.exp() * pooled).sum())
    explained = float((true * (pooled - true.clamp(min=1e-30).log())).sum()) + prior.log_evidence(counts)
    explained -= PULL * float((weights - pull).square().sum())
    return Explanation(weights, matrix, pooled, true, explained, explained - JUDGED * entropy)


def _pooled(weights: Tensor, logs: Tensor) -> Tensor:
    return torch.einsum("k,kpc->pc", weights.to(logs), logs).log_softmax(1)


def posterior(pooled: Tensor, evidence: Evidence, matrix: Tensor) -> Tensor:
    """Probabilities [P, C] of true classes by log-probabilities [P, C], given labels, and what a person said."""
    true = true_given(pooled, evidence.labels, matrix.to(pooled))
    known = torch.nonzero(evidence.checked >= 0)[:, 0]
    true[known] = one_hot(evidence.checked[known], true.shape[1]).to(true)
    return true


def fraction_wrong(counts: Tensor, expected: float) -> float:
    """The fraction of wrong labels by counts [C, C], drawn to what is `expected`."""
    wrong = 1 - counts.diagonal().sum() / counts.sum()
    return float((wrong + EXPECTED_COUNTS * expected) / (1 + EXPECTED_COUNTS))


def _newton(weights: Tensor, logs: Tensor, pooled: Tensor, true: Tensor, price: float, pull: Tensor) -> Tensor:
    """Weights [K] after a step uphill, none below 0: those that would go there stay there."""
    q = pooled.exp()
    mean = torch.einsum("pc,kpc->kp", q, logs)
    sharp = q * pooled.clamp(min=-60)
    gain = torch.einsum("pc,kpc->kp", true + price * sharp, logs) - mean * (1 + price * sharp.sum(1))
    slope = gain.double().sum(1) - 2 * PULL * (weights - pull)
    curve = torch.einsum("kpc,lpc->pkl", logs * q, logs).sum(0) - mean @ mean.T
    curve = curve.double() + 2 * PULL * torch.eye(len(weights), dtype=torch.float64)
    free = torch.ones(len(weights), dtype=torch.bool)
    move = torch.zeros_like(weights)
    while free.any():
        move.zero_()
        move[free] = torch.linalg.solve(curve[free][:, free], slope[free])
        stuck = free & (weights <= 1e-6) & (move < 0)
        if not stuck.any():
            break
        free &= ~stuck
    return (weights + move.clamp(-MOST_STEP, MOST_STEP)).clamp(min=0)
