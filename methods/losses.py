"""Losses of logits [R, B, C] against labels [R, B], one value per image [R, B]; computed in float32."""

from __future__ import annotations

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
