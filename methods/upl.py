"""UPL: prompts trained on zero-shot pseudo-labels."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import torch
from annotated_types import Ge
from torch import Tensor

from methods.clip.backbone import zero_shot_weights
from methods.coop import PromptMethod
from methods.core.any_loss import AnyLoss
from methods.functional import pseudo_labels

NAME = "UPL"
FAMILY = "self-training"


class Method(AnyLoss, PromptMethod):
    """Unsupervised prompt learning: CoOp on zero-shot CLIP's most confident pseudo-labels; UPL (2204.03649).

    Keeps the `k` most confident images per predicted class, or `k` random ones, which with `loss=gce` is PTNL's robust
    UPL (2307.11978). All training images are unlabelled; no given label is used. Published: k = 16, cross-entropy,
    50 epochs.

    `teachers` are further backbones, joined by +: pseudo-labels then come from class probabilities averaged over them
    and the run's own backbone, as in UPL*. Each backbone has its own preprocessing, text tower and logit scale; all use
    the data set's template. The released code can also average the predictions of several learned prompts; here a run
    is one prompt.
    """

    labels: ClassVar[str] = "none"
    paradigms: ClassVar[tuple[str, ...]] = ("ul",)
    k: Annotated[int, Ge(1)] = 16
    select: Literal["confident", "random"] = "confident"
    teachers: tuple[str, ...] = ()

    def start_training(self) -> None:
        """Selects the pseudo-labelled images."""
        guesses = self.guesses().cpu()
        confident = pseudo_labels.most_confident(guesses, self.k)
        for run in range(len(self.task.seeds)):
            generator = self.task.generator(run, "pseudo-labels")
            random = self.select == "random"
            chosen = pseudo_labels.random_choice(guesses, self.k, generator) if random else confident
            self.data.assign(self.rows.start + run, *chosen)

    def guesses(self) -> Tensor:
        """Zero-shot class probabilities [P, C] of the pool, averaged over the run's own backbone and its teachers."""
        task = self.task
        logits = [self.logits(self.data.pool(), self.zero_shot())]
        for name in self.teachers:
            if name != task.backbone.name:
                other = task.load(name)
                pool, weights = self.data.pool(other), zero_shot_weights(other, task.classes, task.template)
                logits.append(other.scale * pool @ weights.to(pool.device).T)
        return torch.stack([each.float().softmax(-1) for each in logits]).mean(0)
