"""VPT: visual prompt tuning."""

from __future__ import annotations

from typing import ClassVar

from methods.core.any_loss import AnyLoss
from methods.core.visual import ModalPrompt

NAME = "VPT"
FAMILY = "prompt"


class Method(AnyLoss, ModalPrompt):
    """Learned tokens in the image tower: VPT-shallow; Jia et al. 2022 (2203.12119), in CLIP as in GRIP (2306.01669).

    Settings in GRIP: 16 tokens, SGD lr 0.1, weight decay 0.1, batch 16, 150 epochs; here the recipe of all prompts.
    `loss` replaces cross-entropy: `dspt` is double softmax on visual prompts (2605.00591).
    """

    inputs: ClassVar[str] = "images"
    modality = "visual"
