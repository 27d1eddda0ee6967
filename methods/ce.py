"""Linear head on frozen image features."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from methods.core.base import BaseMethod
from methods.functional import losses


class Method(BaseMethod):
    """Cross-entropy on a linear head over frozen features: PTNL's Classifier-C and Classifier-R (2307.11978).

    `init=text` initialises with the class names' text features (Classifier-C), `init=random` with random unit vectors
    (Classifier-R). The logits are CLIP's: unit image features times the head times the logit scale (100 in OpenAI's
    models), so that gradients are larger by that scale than those of a plain linear layer. There is no bias.
    """

    init: Literal["text", "random"] = "text"

    def build(self) -> None:
        """Initialises the heads [R, C, E]."""
        start = self.zero_shot()
        if self.init == "text":
            heads = start.repeat(len(self.task.seeds), 1, 1)
        else:
            draws = [
                torch.randn(start.shape, generator=self.task.generator(r, "init")) for r in range(len(self.task.seeds))
            ]
            heads = torch.nn.functional.normalize(torch.stack(draws), dim=-1).to(start.device)
        self.head = torch.nn.Parameter(heads)

    def class_weights(self) -> Tensor:
        """The heads [R, C, E]."""
        return self.head

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy [R, B]."""
        return losses.cross_entropy(logits, labels)
