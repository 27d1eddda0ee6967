"""A linear head on frozen image features."""

from __future__ import annotations

import torch
from torch import Tensor

from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod


class HeadMethod(AnyLoss, BaseMethod):
    """A linear head [R, C, E] without bias that starts at the class names' unit text features.

    Its logits are CLIP's: unit image features times the head times the logit scale (100 in OpenAI's models), so that
    gradients are larger by that scale than those of a plain linear layer.
    """

    def build(self) -> None:
        """Copies the class names' text features for every run."""
        self.head = torch.nn.Parameter(self.zero_shot().repeat(len(self.task.seeds), 1, 1))

    def class_weights(self) -> Tensor:
        """The heads [R, C, E]."""
        return self.head
