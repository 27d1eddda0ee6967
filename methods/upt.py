"""UPT: unified prompt tuning of text and image tower."""

from __future__ import annotations

from typing import ClassVar

from methods.core.any_loss import AnyLoss
from methods.core.visual import ModalPrompt

NAME = "UPT"
FAMILY = "prompt"


class Method(AnyLoss, ModalPrompt):
    """Text and visual tokens learned jointly: UPT; Zang et al. 2022 (2210.07225), as in GRIP (2306.01669).

    Settings in GRIP: 4 + 4 tokens, SGD lr 0.01, weight decay 0.1, batch 16, 150 epochs; here the recipe of all prompts.
    `loss` replaces cross-entropy: `dspt` is double softmax on multimodal prompts (2605.00591).
    """

    inputs: ClassVar[str] = "images"
    modality = "multimodal"
