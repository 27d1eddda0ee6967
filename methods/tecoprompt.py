"""TecoPrompt: labels rewritten by temporally consistent candidates."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Le, Lt
from torch import Tensor

from datamodules.batches import Batch
from methods import nlprompt
from methods.core.given import GivenImages
from methods.functional import losses, temporal_labels

NAME = "TecoPrompt"
FAMILY = "prompt"
MADE_FOR_WRONG_LABELS = True


class Method(nlprompt.Method):
    """CE on clean and middle images and MAE on noisy ones, on labels that stable candidates rewrite; TecoPrompt.

    2609.16858. Before every epoch the arg-max of each row of NLPrompt's transport plan is the image's candidate label;
    the candidates' shares of their rows update an exponential moving average with `momentum`. An image whose label is
    the candidate is clean from an average of `threshold` on, and middle from `low` on. Any other is noisy, unless its
    candidate was the same for `window` epochs with a fraction of at least `sure` in each: then it is middle, and the
    candidate becomes its label, if this happens to at least two images. Fewer middle images than a batch has join the
    clean ones in that epoch, with the labels that they came with. Each epoch is one pass over each group: clean images
    with -log p_y, middle ones with (1 - p_y^q) / q, which is -log p_y at q = 0, noisy ones with 1 - p_y.

    This is the released code (github haji-mimi/TecoPrompt, 5adeff4) with its defaults, where a call leaves away the q
    of 0.5 that the paper gives to middle images (`q=0.5`). What differs from it are the plan and the loaders, as told
    in `nlprompt`.
    """

    window: Annotated[int, Ge(1)] = 8
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.8
    threshold: Annotated[float, Ge(0), Le(1)] = 0.8
    low: Annotated[float, Ge(0), Le(1)] = 0.2
    sure: Annotated[float, Ge(0), Le(1)] = 0.99
    q: Annotated[float, Ge(0), Le(1)] = 0.0

    remembered: ClassVar[tuple[str, ...]] = ("current", "last", "average", "streak")

    def start_epoch(self) -> None:
        """Rewrites labels with stable candidates and groups every run's images."""
        given = GivenImages.of(self.data, self.rows)
        plan = self.transport(given)
        shares = plan / plan.sum(-1, keepdim=True).clamp(min=1e-300)
        if self.current_epoch == 0:
            self.current, self.average = given.labels, shares.amax(-1)
            self.last, self.streak = (torch.full_like(given.labels, value) for value in (-1, 0))
        self.last, self.average, self.streak = temporal_labels.follow(
            shares, self.last, self.average, self.streak, self.momentum, self.sure
        )
        groups = temporal_labels.group(
            self.last == self.current, self.average, self.streak >= self.window, self.threshold, self.low
        )
        middle = given.valid & (groups == temporal_labels.MIDDLE)
        rewritten = middle & (self.last != self.current)
        rewritten = rewritten & (rewritten.sum(1, keepdim=True) > 1)
        old, self.current = self.current, torch.where(rewritten, self.last, self.current)
        size = self.task.recipe.batch
        joined = middle & (middle.sum(1) < (given.valid.sum(1) if size == "all" else size))[:, None]
        self.regroup(given, torch.where(joined, old, self.current), torch.where(joined, temporal_labels.CLEAN, groups))

    def loss_per_image(self, logits: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy, GCE or MAE [R, B], for clean, middle and noisy images."""
        group = self.groups.gather(1, batch.images)
        cross_entropy = losses.cross_entropy(logits, batch.labels)
        middle = losses.generalized_cross_entropy(logits, batch.labels, self.q) if self.q else cross_entropy
        robust = torch.where(group == temporal_labels.MIDDLE, middle, losses.mean_absolute_error(logits, batch.labels))
        return torch.where(group == temporal_labels.CLEAN, cross_entropy, robust)
