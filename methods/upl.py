"""Self-training on zero-shot pseudo-labels."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge

from methods import pseudo_labels
from methods.any_loss import AnyLoss
from methods.base import PromptMethod


class Method(AnyLoss, PromptMethod):
    """Unsupervised prompt learning: CoOp on zero-shot CLIP's most confident guesses; UPL (2204.03649).

    `k` images per predicted class are kept: the most confident ones, or random ones, which with `loss=gce` is PTNL's
    robust UPL (2307.11978). All training images are unlabelled here; no given label is used.
    """

    labels: ClassVar[str] = "none"
    paradigms: ClassVar[tuple[str, ...]] = ("ul",)
    k: Annotated[int, Ge(1)] = 16
    select: Literal["confident", "random"] = "confident"

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
