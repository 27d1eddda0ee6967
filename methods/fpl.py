"""FPL: one round of pseudo-labels."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge

from methods.core.self_training import SelfTraining


class Method(SelfTraining):
    """Few pseudo-labels: one round on zero-shot CLIP's K most confident pseudo-labels per class; FPL (2306.01669).

    Published: K = 16, 150 epochs, SGD lr 0.1 (multimodal 0.01), weight decay 0.1, batch 16, five epochs of warm-up.
    All of them are the recipe `grip`; with another recipe all methods train alike. Differences from the released code:
    it has no full stop after the class name (`full_stop=False`), it weighs the losses of multimodal prompts by the
    square root of the ratio of labelled to pseudo-labelled counts (in FPL only, its later rounds take the ratio), and
    it keeps a fifth of the pseudo-labels (under `trzsl` also of the labels) for validation, by which it chooses
    nothing. Its assignment goes through the images in file order, may give one image several classes and loses images
    that are displaced; ours does not depend on the order (`pseudo_labels.assign_with_capacity`).
    """

    k: Annotated[int, Ge(1)] = 16

    def shots(self, unlabelled: int, classes: int, number: int) -> int:
        """K, in every round."""
        return self.k
