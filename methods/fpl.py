"""FPL: one round of pseudo-labels."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from methods.core.self_training import SelfTraining


class Method(SelfTraining):
    """Few pseudo-labels: prompts trained once on zero-shot CLIP's K best guesses per class; FPL (2306.01669).

    Published: K = 16, 150 epochs, SGD lr 0.1 (multimodal 0.01), weight decay 0.1, batch 16, five epochs of warm-up.
    Here every method has the recipe's training, and sees random crops; the released code trains on uncropped images
    and keeps a fifth of the pseudo-labels (under `trzsl` of the labels, too) for validation. Its spill-over goes
    through the images in file order, may put one image into several classes and forgets images that are pushed out;
    ours does not depend on the order (`pseudo_labels.assign_with_capacity`).
    """

    k: Annotated[int, Ge(1)] = 16

    def shots(self, unlabelled: int, classes: int, number: int) -> int:
        """K, always."""
        return self.k
