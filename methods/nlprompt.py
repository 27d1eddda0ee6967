"""NLPrompt: optimal transport tells clean labels from noisy ones."""

from __future__ import annotations

from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor

from datamodules.batches import Batch
from methods.core.given import GivenImages
from methods.core.prompt import PromptMethod
from methods.functional import losses
from methods.functional.transport import sinkhorn


class Method(PromptMethod):
    """Cross-entropy on images whose label optimal transport confirms, MAE on the others; NLPrompt (2412.01256).

    Before every epoch the entropic transport between the N images and the C prompts is computed (uniform weights,
    regularisation 0.01, at most 1000 iterations, tolerance 1e-6) at the cost of the released code,
    -log softmax(softmax(z)). An image is clean if its given label is the arg-max of its row of the plan. One pass over
    the clean images with -log p_y, then one over the noisy ones with 1 - p_y.

    Where we differ from the released code: it computes the plan on one random crop of each image, without those of
    the last, partial batch, which then count as noisy; we take all images, uncropped, so that the split hinges on
    neither. Its loaders drop the last partial batch whatever is left, so that a clean part smaller than a batch trains
    nothing (seen on EuroSAT); here such a part is one smaller batch. Where it finds no clean image it trains
    on all with both losses, one after the other; here all are noisy then.
    """

    reg: Annotated[float, Gt(0)] = 0.01

    def start_epoch(self) -> None:
        """Splits every replica's images anew."""
        given = GivenImages.of(self.data, self.rows)
        clean = self.transport(given).argmax(-1) == given.labels
        self.regroup(given, given.labels, (~clean).long())

    def transport(self, given: GivenImages) -> Tensor:
        """The transport plans [R, N, C] between what was given and the present prompts of classes with labels."""
        with torch.no_grad():
            logits = self.logits(self.data.pool()[given.images], self.class_weights())
        plan = sinkhorn(-self.select_train_classes(logits).softmax(-1).log_softmax(-1), given.valid, self.reg)
        if self.train_classes is None:
            return plan
        return torch.zeros_like(logits, dtype=plan.dtype).scatter(-1, self.train_classes[:, None].expand_as(plan), plan)

    def regroup(self, given: GivenImages, labels: Tensor, groups: Tensor) -> None:
        """Trains on these labels [R, N] from now on, one group [R, N] after the other."""
        self.groups = given.on_pool(groups, len(self.data.pool()))
        on_host = torch.stack([given.images, labels, groups]).cpu()
        for row, count in enumerate(given.counts):
            self.data.assign(self.rows.start + row, *on_host[:, row, :count])

    def loss_per_image(self, logits: Tensor, batch: Batch) -> Tensor:
        """-log p_y on clean images, 1 - p_y on noisy ones [R, B]."""
        clean = self.groups.gather(1, batch.images) == 0
        cross_entropy = losses.cross_entropy(logits, batch.labels)
        return torch.where(clean, cross_entropy, losses.mean_absolute_error(logits, batch.labels))
