"""Losses of logits [R, B, C] against labels [R, B], one value per image [R, B]; computed in float32."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def log_likelihood(logits: Tensor, labels: Tensor) -> Tensor:
    """log p_y, with p = softmax(logits)."""
    return logits.float().log_softmax(-1).gather(-1, labels.unsqueeze(-1)).squeeze(-1)


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-log p_y, in [0, inf)."""
    return -log_likelihood(logits, labels)


def mean_absolute_error(logits: Tensor, labels: Tensor) -> Tensor:
    """1 - p_y, in [0, 1]: half the L1 distance between p and the one-hot label (NLPrompt, 2412.01256)."""
    return -torch.expm1(log_likelihood(logits, labels))


def generalized_cross_entropy(logits: Tensor, labels: Tensor, q: float) -> Tensor:
    """(1 - p_y^q) / q, in [0, 1 / q], for q in (0, 1]; q -> 0 is cross-entropy, q = 1 is MAE (1805.07836)."""
    return -torch.expm1(q * log_likelihood(logits, labels)) / q


def double_softmax(logits: Tensor, labels: Tensor) -> Tensor:
    """-log softmax(softmax(logits))_y, in [log(e + C - 1) - 1, log(e + C - 1)] (DSPT, 2605.00591)."""
    return cross_entropy(F.softmax(logits.float(), -1), labels)


def reverse_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """-sum_k p_k log(one-hot_k) with log 0 = log 1e-4, that is 9.21 (1 - p_y), in [0, 9.21] (SCE, 1908.06112)."""
    return -math.log(1e-4) * mean_absolute_error(logits, labels)


def normalized_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """log p_y / sum_k log p_k, in [0, 1] (2006.13554)."""
    log_p = logits.float().log_softmax(-1)
    return log_p.gather(-1, labels.unsqueeze(-1)).squeeze(-1) / log_p.sum(-1)


def partially_huberised(logits: Tensor, labels: Tensor, tau: float) -> Tensor:
    """-log p_y where p_y > 1 / tau, else its tangent there, log tau + 1 - tau p_y (PHuber-CE, Menon et al. 2020)."""
    log_p = log_likelihood(logits, labels)
    return torch.where(log_p > -math.log(tau), -log_p, math.log(tau) + 1 - tau * log_p.exp())


def smoothed_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float) -> Tensor:
    """Cross-entropy against 1 - smoothing on the label and an equal share of the rest on each other class."""
    log_p = logits.float().log_softmax(-1)
    on_label = log_p.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    others = (log_p.sum(-1) - on_label) / (logits.shape[-1] - 1)
    return -(1 - smoothing) * on_label - smoothing * others
