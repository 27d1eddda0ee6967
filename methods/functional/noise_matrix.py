"""The noise transition matrix T[z, y], the probability of given label y where the true class is z.

Its expected counts, priors with their evidence, and Bayes' rule under it.
Leading axes [...] are runs, if there are any.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

#: What the concentrations of a `Prior` are chosen from.
ALIKE = (4.0, 16.0, 64.0, 256.0, 1024.0)
SPREAD = (*(2.0**power for power in range(1, 8)), 512.0)
LEAST = 1e-9


def expected_counts(true: Tensor, labels: Tensor) -> Tensor:
    """Expected numbers [..., C, C] of images by true class and given label.

    From posteriors [..., P, C] of true classes, or posteriors times how often each image counts, and labels [..., P].

    >>> expected_counts(torch.tensor([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]), torch.tensor([0, 1, 1]))
    tensor([[1.0000, 0.5000],
            [0.0000, 1.5000]])
    """
    classes = true.shape[-1]
    cells = true.new_zeros(*true.shape[:-2], classes, classes)
    return cells.scatter_add(-2, labels.unsqueeze(-1).expand_as(true), true).transpose(-1, -2)


def even(right: Tensor, classes: int) -> Tensor:
    """Matrices [..., C, C] under which a fraction `right` [...] of the labels stay, and the rest spreads evenly.

    >>> even(torch.tensor(0.8), classes=3)[0]
    tensor([0.8000, 0.1000, 0.1000])
    """
    other = ((1 - right) / max(classes - 1, 1))[..., None, None]
    return other + torch.eye(classes, device=right.device) * (right[..., None, None] - other)


def rows_of(counts: Tensor) -> Tensor:
    """Counts [..., C, C] as matrices whose rows sum to 1."""
    return counts / counts.sum(-1, keepdim=True)


def true_given(logits: Tensor, labels: Tensor, matrix: Tensor) -> Tensor:
    """Probabilities [P, C] of true classes by Bayes' rule, from logits [P, C], labels [P] and a matrix [C, C].

    An image without a label, -1, keeps the softmax of its logits.

    >>> true_given(torch.zeros(2, 2), torch.tensor([0, -1]), torch.tensor([[0.9, 0.1], [0.3, 0.7]]))
    tensor([[0.7500, 0.2500],
            [0.5000, 0.5000]])
    """
    likelihood = matrix.log().T[labels.clamp(min=0)]
    return (logits + torch.where(labels[:, None] >= 0, likelihood, 0)).softmax(-1)


@dataclass(frozen=True)
class Prior:
    """What is thought of a matrix before labels are counted: how often a class goes wrong, and where its labels go.

    Row z is 1 - e_z on the diagonal and e_z d_z beside it, e_z ~ Beta(alike rate, alike (1 - rate)) and d_z ~
    Dirichlet(spread / (C - 1)). A large `alike` makes all classes go wrong alike, a small `spread` lets a class go
    wrong to few others: even noise is told with one number, and a few sharp confusions stay sharp.
    """

    rate: float
    alike: float = ALIKE[0]
    spread: float = SPREAD[0]

    def matrix(self, counts: Tensor) -> Tensor:
        """The expected matrix [C, C] after counts [C, C], float64."""
        off, mass = _off_diagonal(counts), counts.double().sum(1)
        wrong = (off.sum(1) + self.alike * self.rate) / (mass + self.alike)
        place = _off_diagonal(off + self.spread / max(len(off) - 1, 1))
        place = place * (wrong / place.sum(1).clamp(min=LEAST))[:, None]
        return (place + (1 - wrong).diag()).clamp(LEAST, 1)

    def log_evidence(self, counts: Tensor) -> float:
        """The log-probability of labels with these counts [C, C], in nats."""
        off, mass = _off_diagonal(counts), counts.double().sum(1)
        rate = torch.tensor(self.rate, dtype=torch.float64)
        return float(_rates(off.sum(1), mass, rate, self.alike) + _places(off, self.spread))


def likeliest_prior(counts: Tensor, rate: float) -> Prior:
    """The prior of this `rate` whose concentrations have the highest evidence by counts [C, C]."""
    off, mass = _off_diagonal(counts), counts.double().sum(1)
    wrong, of_all = off.sum(1), torch.tensor(rate, dtype=torch.float64)
    alike = max(ALIKE, key=lambda value: float(_rates(wrong, mass, of_all, value)))
    spread = max(SPREAD, key=lambda value: float(_places(off, value)))
    return Prior(rate, alike, spread)


def log_evidence(counts: Tensor) -> Tensor:
    """The log-probability [...] of labels with counts [..., C, C], under the likeliest concentrations of a `Prior`."""
    off, mass = _off_diagonal(counts), counts.double().sum(-1)
    wrong = off.sum(-1)
    rate = (wrong.sum(-1, keepdim=True) + 0.5) / (mass.sum(-1, keepdim=True) + 1)
    rates = torch.stack([_rates(wrong, mass, rate, alike) for alike in ALIKE])
    return rates.amax(0) + torch.stack([_places(off, spread) for spread in SPREAD]).amax(0)


def _rates(wrong: Tensor, mass: Tensor, rate: Tensor, alike: float) -> Tensor:
    p, q = alike * rate, alike * (1 - rate)
    return (_log_beta(p + wrong, q + mass - wrong) - _log_beta(p, q)).sum(-1)


def _places(off: Tensor, spread: float) -> Tensor:
    whole = off.new_full((), spread)
    own = whole / max(off.shape[-1] - 1, 1)
    cells = (torch.lgamma(own + off) - torch.lgamma(own)).sum((-2, -1))
    return cells + (torch.lgamma(whole) - torch.lgamma(whole + off.sum(-1))).sum(-1)


def _off_diagonal(cells: Tensor) -> Tensor:
    return cells.double() * (1 - torch.eye(cells.shape[-1], dtype=torch.float64, device=cells.device))


def _log_beta(p: Tensor, q: Tensor) -> Tensor:
    return torch.lgamma(p) + torch.lgamma(q) - torch.lgamma(p + q)
