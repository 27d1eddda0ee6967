"""True classes as latent variables: class probabilities pooled with fitted weights, a confusion matrix, and posteriors.

The model of an image: its true class z has probability q(z) = softmax(sum_k w_k l_k)_z, where l_k are out-of-fold
log-probabilities of K classifiers; its given label y has probability T[z, y]. Weights w and confusion matrix T are
those under which the given labels are likeliest: no clean label is needed. Beforehand each classifier gets a
temperature of its own by the same measure (`tempered`), or one that is far too sure would outvote all others.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

STEPS = 150
LR = 0.05
#: Pull of the weights towards equal ones, in images.
EQUAL = 30.0
#: Images that the prior of the confusion matrix counts for, per class and class.
PER_CELL = 3.0
#: Share of wrong labels that the prior expects; it counts as much as the images do.
EXPECTED = 0.2
#: What scores may be multiplied by, and the images that decide it.
SHARPNESS = tuple(2.0**power for power in range(-12, 9))
ENOUGH = 2_000
#: Images that the weights are fitted on: as many as give MOST numbers [K, P, C], within these bounds.
MOST = 2**22
BOUNDS = (4_000, 10_000)
#: Rounds of EM on all images, where the weights were fitted on some.
ROUNDS = 10


@dataclass(frozen=True)
class Posterior:
    """What is estimated of the true classes of P images.

    `true` [P, C] is the probability of each true class given image and label, `pooled` [P, C] the log-probability given
    the image alone, `confusion` [C, C] the probability of given labels (columns) by true class (rows), `weights` [K]
    those of the classifiers.
    """

    true: Tensor
    pooled: Tensor
    confusion: Tensor
    weights: Tensor

    def wrong(self, labels: Tensor) -> Tensor:
        """The probability [P] that the given labels [P] are wrong, from 0 to 1."""
        others = self.true.clone()
        others[torch.arange(len(labels)), labels] = 0  # a sum keeps its digits where 1 - p would lose them
        return others.sum(1)


def tempered(scores: Tensor, labels: Tensor, seed: int = 1) -> Tensor:
    """Scores [P, C] of a classifier times the number in SHARPNESS under which the given labels [P] are likeliest.

    Labels go wrong as `first_confusion` says. Scores that say nothing of the labels are multiplied by nearly 0.
    """
    rows = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))[:ENOUGH]
    own, noise = scores[rows], first_confusion(scores.shape[1]).log()[:, labels[rows]].T
    likelihoods = [float(((sharp * own).log_softmax(1) + noise).logsumexp(1).mean()) for sharp in SHARPNESS]
    return scores * SHARPNESS[max(range(len(SHARPNESS)), key=likelihoods.__getitem__)]


def estimate(parts: list[Tensor], labels: Tensor, seed: int = 1, expected: float = EXPECTED) -> Posterior:
    """Fits weights and confusion matrix to the given labels [P], from `tempered` scores [P, C] of K classifiers.

    `expected` is the share of wrong labels that the prior expects, 0 to 1.
    """
    classes, rows = parts[0].shape[1], torch.arange(len(labels))
    few = min(max(MOST // (len(parts) * classes), BOUNDS[0]), BOUNDS[1])
    if len(labels) > few:
        rows = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed))[:few]
    logs = torch.stack([part[rows].log_softmax(1) for part in parts])
    raw, confusion = _fit(logs, labels[rows], classes, expected)
    weights = _positive(raw)
    total = torch.zeros_like(parts[0])
    for weight, part in zip(weights, parts, strict=True):
        total += weight * part.log_softmax(1)
    pooled = total.log_softmax(1)
    for _ in range(ROUNDS if len(rows) < len(labels) else 0):
        confusion = expected_confusion(bayes(pooled, labels, confusion), labels, expected=expected)
    return Posterior(bayes(pooled, labels, confusion), pooled, confusion, weights)


def _fit(logs: Tensor, labels: Tensor, classes: int, expected: float) -> tuple[Tensor, Tensor]:
    raw = torch.full((len(logs),), 1 / len(logs), requires_grad=True)
    equal = _positive(raw).detach()
    confusion = first_confusion(classes, expected)
    optimiser = torch.optim.Adam([raw], lr=LR)
    for _ in range(STEPS):
        pooled = torch.einsum("k,kpc->pc", _positive(raw), logs).log_softmax(1)
        joint = pooled + confusion.log()[:, labels].T
        likelihood = joint.logsumexp(1)
        optimiser.zero_grad()
        (EQUAL / len(labels) * (_positive(raw) - equal).square().sum() - likelihood.mean()).backward()
        optimiser.step()
        with torch.no_grad():
            confusion = expected_confusion((joint - likelihood[:, None]).exp(), labels, expected=expected)
    return raw.detach(), confusion


def first_confusion(classes: int, expected: float = EXPECTED) -> Tensor:
    """The prior's confusion matrix [C, C]: a share `expected` of wrong labels, spread evenly."""
    return torch.full((classes, classes), expected / max(classes - 1, 1)).fill_diagonal_(1 - expected)


def expected_confusion(
    true: Tensor, labels: Tensor, counts: Tensor | None = None, expected: float = EXPECTED
) -> Tensor:
    """The confusion matrix [C, C] by posteriors [P, C] of true classes, given labels [P] and a prior.

    `counts` [P] is how often each image counts, 1 where it is not given; `expected` is as in `estimate`.
    """
    rows = true if counts is None else true * counts[:, None]
    classes = true.shape[1]
    cells = rows.new_zeros(classes, classes).index_add_(1, labels, rows.T)
    wrong = 1 - cells.diagonal().sum() / cells.sum()
    rate = 0.5 * (wrong + expected)
    prior = torch.full_like(cells, float(rate) / max(classes - 1, 1)).fill_diagonal_(float(1 - rate))
    cells = cells + PER_CELL * classes * prior
    return cells / cells.sum(1, keepdim=True)


def bayes(pooled: Tensor, labels: Tensor, confusion: Tensor) -> Tensor:
    """Probabilities [P, C] of true classes given log-probabilities [P, C] and labels [P] under a confusion matrix."""
    return (pooled + confusion.log().T[labels]).softmax(1)


def _positive(raw: Tensor) -> Tensor:
    return F.softplus(raw, beta=4)
