"""Self-training on zero-shot pseudo-labels."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from torch import Tensor

from methods import losses, pseudo_labels
from methods.base import PromptMethod


class Method(PromptMethod):
    """Unsupervised prompt learning: CoOp on zero-shot CLIP's most confident guesses; UPL (2204.03649).

    `k` images per predicted class are kept: the most confident ones, or random ones, which with `loss=gce` is PTNL's
    robust UPL (2307.11978). All training images are unlabelled here; no given label is used.
    """

    labels: ClassVar[str] = "none"
    paradigms: ClassVar[tuple[str, ...]] = ("ul",)
    k: Annotated[int, Ge(1)] = 16
    select: Literal["confident", "random"] = "confident"
    loss_: Literal["ce", "gce"] = "ce"
    q: Annotated[float, Gt(0), Le(1)] = 0.7

    def on_train_epoch_start(self) -> None:
        """Labels the pool once, before training."""
        if self.current_epoch > 0:
            return
        logits = self.logits(self.data.pool(), self.zero_shot())
        for replica in range(len(self.task.seeds)):
            if self.select == "confident":
                chosen = pseudo_labels.most_confident(logits, self.k)
            else:
                chosen = pseudo_labels.random_choice(logits, self.k, self.task.generator(replica, "pseudo-labels"))
            self.data.assign(self.rows.start + replica, *chosen)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy or generalized cross-entropy [R, B] against the pseudo-labels."""
        if self.loss_ == "ce":
            return losses.cross_entropy(logits, labels)
        return losses.generalized_cross_entropy(logits, labels, self.q)
