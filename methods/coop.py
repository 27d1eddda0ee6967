"""CoOp: context optimisation."""

from __future__ import annotations

from methods.core.any_loss import AnyLoss
from methods.core.prompt import PromptMethod

NAME = "CoOp"
FAMILY = "prompt"


class Method(AnyLoss, PromptMethod):
    """Cross-entropy on a learned context; Zhou et al. 2022 (2109.01134).

    Published: 16 tokens, SGD, lr 0.002, momentum 0.9, weight decay 5e-4, batch 32, 200 epochs at 16 shots, one
    constant warm-up epoch at 1e-5 and then a cosine schedule: the recipe `coop`, of all but the embedded backbones.
    Another `loss` replaces cross-entropy; `loss=gce` is `gce`, and so on.
    """
