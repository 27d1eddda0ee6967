"""Linear head on frozen image features."""

from __future__ import annotations

from typing import Literal

import torch

from methods.core.head import HeadMethod


class Method(HeadMethod):
    """Cross-entropy on a linear head over frozen features: PTNL's Classifier-C and Classifier-R (2307.11978).

    `init=text` initialises with the class names' text features (Classifier-C), `init=random` with random unit vectors
    (Classifier-R). Another `loss` replaces cross-entropy.
    """

    init: Literal["text", "random"] = "text"

    def build(self) -> None:
        """Initialises the heads [R, C, E]."""
        super().build()
        if self.init == "random":
            shape, runs = self.head.shape[1:], len(self.task.seeds)
            draws = [torch.randn(shape, generator=self.task.generator(r, "init")) for r in range(runs)]
            self.head.data.copy_(torch.nn.functional.normalize(torch.stack(draws), dim=-1))
