"""Linear head on frozen image features."""

from __future__ import annotations

from typing import ClassVar, Literal

import torch
from torch.nn.functional import normalize

from methods.core.head import HeadMethod

NAME = "linear probe"
FAMILY = "head"
FORMERLY = ("ce",)


class Method(HeadMethod):
    """Cross-entropy on a linear head over frozen features: PTNL's Classifier-C and Classifier-R (2307.11978).

    `init=text` initialises with the class names' text features (Classifier-C), `init=random` with random unit vectors
    (Classifier-R). Another `loss` replaces cross-entropy.
    """

    needs_with: ClassVar[dict[str, dict[str, str]]] = {"init": {"random": "features"}}
    init: Literal["text", "random"] = "text"

    def build(self) -> None:
        """Initialises the heads [R, C, E]."""
        if self.init == "text":
            super().build()
            return
        heads = normalize(self.task.normal("init", len(self.task.classes), self.task.backbone.embedding), dim=-1)
        self.head = torch.nn.Parameter(heads.to(self.task.backbone.device))
