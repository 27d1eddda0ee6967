"""Which unlabelled images to believe: pure functions of logits [P, C]; each returns image numbers and labels [n]."""

from __future__ import annotations

import torch
from torch import Tensor


def most_confident(logits: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """For every class, the k images predicted as it with the highest probability (fewer if there are fewer)."""
    confidence, predicted = logits.float().softmax(-1).max(-1)
    return _first_per_class(confidence.sort(descending=True, stable=True).indices, predicted, logits.shape[-1], k)


def random_choice(logits: Tensor, k: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """For every class, k random images of those that are predicted as it (fewer if there are fewer)."""
    predicted = logits.argmax(-1)
    order = torch.randperm(len(logits), generator=generator).to(logits.device)
    return _first_per_class(order, predicted, logits.shape[-1], k)


def _first_per_class(order: Tensor, predicted: Tensor, classes: int, k: int) -> tuple[Tensor, Tensor]:
    picked = torch.cat([order[predicted[order] == c][:k] for c in range(classes)])
    return picked, predicted[picked]
