"""TecoPrompt: labels rewritten by temporally consistent candidates."""

from __future__ import annotations

from typing import Annotated, ClassVar

import torch
from annotated_types import Ge, Gt, Le, Lt
from torch import Tensor

from datamodules.batches import Batch
from methods import nlprompt
from methods.core.given import GivenImages
from methods.functional import losses


class Method(nlprompt.Method):
    """CE, GCE or MAE by group, on labels that temporally consistent candidates rewrite; TecoPrompt (2609.16858).

    Before every epoch the arg-max of each row of NLPrompt's transport plan is the image's candidate label, and the
    normalised rows update an exponential moving average, the confidence in each label. A candidate that has been the
    same for `window` epochs replaces the label. Each epoch is one pass over each group: clean images with -log p_y,
    middle ones with (1 - p_y^q) / q, noisy ones with 1 - p_y.

    Of the paper we know neither how groups are defined nor the momentum of the average. Here an image is clean if its
    label is the candidate and has a confidence of at least `threshold`, noisy if neither holds, and middle if only one
    does; the momentum is 0.9 per epoch.

    Differences from the released code (github haji-mimi/TecoPrompt): its average is of the candidate's share alone,
    with momentum 0.8. An image whose label is the candidate is clean from an average of 0.8 on and middle from 0.2 on,
    any other is noisy. It rewrites a label only if the candidate's share was at least 0.99 in all `window` epochs, and
    never that of a clean image; images to be rewritten are middle ones. A middle group smaller than a batch joins the
    clean ones, and middle images train with cross-entropy, since the call leaves q away.
    """

    window: Annotated[int, Ge(1)] = 8
    momentum: Annotated[float, Ge(0), Lt(1)] = 0.9
    threshold: Annotated[float, Ge(0), Le(1)] = 0.5
    q: Annotated[float, Gt(0), Le(1)] = 0.5

    remembered: ClassVar[tuple[str, ...]] = ("current", "last", "confidence", "streak")

    def start_epoch(self) -> None:
        """Rewrites labels with stable candidates and groups every replica's images."""
        given = GivenImages.of(self.data, self.rows)
        plan = self.transport(given)
        shares = plan / plan.sum(-1, keepdim=True).clamp(min=1e-300)
        candidates = shares.argmax(-1)
        if self.current_epoch == 0:
            self.current, self.last = given.labels, torch.full_like(candidates, -1)
            self.confidence, self.streak = shares, torch.zeros_like(candidates)
        self.confidence = self.momentum * self.confidence + (1 - self.momentum) * shares
        self.streak = torch.where(candidates == self.last, self.streak + 1, 1)
        self.last = candidates
        self.current = torch.where(self.streak >= self.window, candidates, self.current)
        agree = candidates == self.current
        sure = self.confidence.gather(-1, self.current.unsqueeze(-1)).squeeze(-1) >= self.threshold
        self.regroup(given, self.current, 2 - agree.long() - sure.long())

    def loss_per_image(self, logits: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy, GCE or MAE [R, B], for clean, middle and noisy images."""
        group = self.groups.gather(1, batch.images)
        middle = losses.generalized_cross_entropy(logits, batch.labels, self.q)
        robust = torch.where(group == 1, middle, losses.mean_absolute_error(logits, batch.labels))
        return torch.where(group == 0, losses.cross_entropy(logits, batch.labels), robust)
