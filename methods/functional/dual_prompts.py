"""DeFT's positive and negative prompts, which vote on labels (2409.19696): p_k = sigmoid(z_k - u_k) that k is right."""

from __future__ import annotations

import math

import torch.nn.functional as F
from torch import Tensor

#: Either part of the loss is cut here, at a probability of 1e-5.
LARGEST = -math.log(1e-5)


def clean_logits(positive: Tensor, negative: Tensor) -> Tensor:
    """z - u [..., C] of the positive prompts' logits z, which get no gradient, and the negative ones' u [..., C]."""
    return positive.detach() - negative


def dual_loss(clean: Tensor, labels: Tensor, others: Tensor) -> Tensor:
    """-log p_y - log(1 - p_k) [...] from clean logits [..., C], labels y and other classes k [...].

    >>> import torch
    >>> dual_loss(torch.tensor([[2.0, 0.8473]]), torch.tensor([0]), torch.tensor([1]))
    tensor([1.3309])
    """
    yes = F.softplus(-clean.gather(-1, labels.unsqueeze(-1)).squeeze(-1))
    no = F.softplus(clean.gather(-1, others.unsqueeze(-1)).squeeze(-1))
    return yes.clamp(max=LARGEST) + no.clamp(max=LARGEST)
