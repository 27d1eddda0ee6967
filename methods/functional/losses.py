"""Losses of logits [..., C] and labels [...], mostly [R, B, C] and [R, B]; one value per image [...], in float32.

p = softmax(logits) and y is the label.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def log_likelihood(logits: Tensor, labels: Tensor) -> Tensor:
    """Log-likelihood log p_y, in (-inf, 0].

    >>> logits = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    >>> log_likelihood(logits, torch.tensor([0, 1]))
    tensor([-2.1269, -0.6931])
    """
    return logits.float().log_softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy -log p_y, in [0, inf).

    >>> logits = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    >>> cross_entropy(logits, torch.tensor([0, 1]))
    tensor([2.1269, 0.6931])
    """
    return -log_likelihood(logits, labels)


def mean_absolute_error(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean absolute error 1 - p_y, in [0, 1], half the L1 distance of p to the one-hot label (NLPrompt, 2412.01256).

    >>> logits = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    >>> mean_absolute_error(logits, torch.tensor([0, 1]))
    tensor([0.8808, 0.5000])
    """
    return -torch.expm1(log_likelihood(logits, labels))


def generalized_cross_entropy(logits: Tensor, labels: Tensor, q: float) -> Tensor:
    """Generalized cross-entropy (1 - p_y^q) / q, in [0, 1 / q], for q in (0, 1] (1805.07836).

    q -> 0 gives cross-entropy, q = 1 the mean absolute error.

    >>> logits, labels = torch.tensor([[1.0, 3.0], [2.0, 2.0]]), torch.tensor([0, 1])
    >>> generalized_cross_entropy(logits, labels, q=0.7)
    tensor([1.1062, 0.5492])
    """
    return -torch.expm1(q * log_likelihood(logits, labels)) / q


def double_softmax(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy on a double softmax, -log softmax(p)_y, in [log(e + C - 1) - 1, log(e + C - 1)] (DSPT, 2605.00591).

    >>> logits = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    >>> double_softmax(logits, torch.tensor([0, 1]))
    tensor([1.1448, 0.6931])
    """
    return cross_entropy(F.softmax(logits.float(), -1), labels)


def reverse_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Reverse cross-entropy -sum_k p_k log(one-hot_k) = 9.21 (1 - p_y), in [0, 9.21] (SCE, 1908.06112).

    The one-hot label is clipped at 1e-4, and -log 1e-4 = 9.21.

    >>> logits = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    >>> reverse_cross_entropy(logits, torch.tensor([0, 1]))
    tensor([8.1124, 4.6052])
    """
    return -math.log(1e-4) * mean_absolute_error(logits, labels)


def normalized_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Normalized cross-entropy log p_y / sum_k log p_k, in [0, 1] (2006.13554).

    >>> logits = torch.tensor([[1.0, 3.0], [2.0, 2.0]])
    >>> normalized_cross_entropy(logits, torch.tensor([0, 1]))
    tensor([0.9437, 0.5000])
    """
    log_p = logits.float().log_softmax(-1)
    return log_p.gather(-1, labels.unsqueeze(-1)).squeeze(-1) / log_p.sum(-1)


def partially_huberised(logits: Tensor, labels: Tensor, tau: float) -> Tensor:
    """Partially Huberised cross-entropy, in [0, log tau + 1], for tau > 1 (PHuber-CE, Menon et al., ICLR 2020).

    -log p_y if p_y > 1 / tau, else its tangent at 1 / tau, log tau + 1 - tau p_y.

    >>> logits, labels = torch.tensor([[1.0, 3.0], [-9.0, 9.0]]), torch.tensor([0, 0])
    >>> partially_huberised(logits, labels, tau=10.0)
    tensor([2.1269, 3.3026])
    """
    log_p = log_likelihood(logits, labels)
    return torch.where(log_p > -math.log(tau), -log_p, math.log(tau) + 1 - tau * log_p.exp())


def smoothed_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy against smoothed labels, in [0, inf), for smoothing in [0, 1] and C > 1 (1512.00567).

    The target is 1 - smoothing on the label and smoothing / (C - 1) on every other class.

    >>> logits, labels = torch.tensor([[1.0, 3.0], [2.0, 2.0]]), torch.tensor([0, 1])
    >>> smoothed_cross_entropy(logits, labels, smoothing=0.1)
    tensor([1.9269, 0.6931])
    """
    log_p = logits.float().log_softmax(-1)
    on_label = log_p.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    others = (log_p.sum(-1) - on_label) / (logits.shape[-1] - 1)
    return -(1 - smoothing) * on_label - smoothing * others
