"""FPL: one round of pseudo-labels."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge
from torch import Tensor

from methods.core.self_training import SelfTraining
from methods.functional import pseudo_labels

NAME = "FPL"
FAMILY = "self-training"


class Method(SelfTraining):
    """Few pseudo-labels: one round on zero-shot CLIP's K most confident pseudo-labels per class; FPL (2306.01669).

    Published: K = 16, 150 epochs, SGD lr 0.1 (multimodal 0.01), weight decay 0.1, batch 16, five epochs of warm-up, and
    int(0.8 n) of the n labels, one draw for all runs, all in the recipe `grip`; with another recipe all methods train
    alike. Under `ssl` the loss is n_u / n_s L_s + L_u, the root of that ratio for multimodal prompts. Differences from
    the released code, beside those of `SelfTraining`: it has no full stop after the class name (`full_stop=False`). Its
    assignment goes through the images in file order, may give one image several classes and loses images that are
    displaced; ours does not depend on the order (`pseudo_labels.assign_with_capacity`).
    """

    k: Annotated[int, Ge(1)] = 16

    def shots(self, unlabelled: int, classes: int, number: int) -> int:
        """K, in every round."""
        return self.k

    def balance(self, labelled: Tensor, pseudo: Tensor, transductive: bool) -> Tensor:
        """Those of the first training."""
        power = 0.5 if self.modality == "multimodal" else 1.0
        return pseudo_labels.balance(labelled, pseudo, transductive, first=True, power=power)
