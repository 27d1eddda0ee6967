"""CoOp: context optimisation."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge
from torch import Tensor, nn

from methods.clip.prompt import Prompt
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.functional import losses


class PromptMethod(BaseMethod):
    """CoOp's prompt "ctx NAME." with a learned context [R, N, D] (2109.01134), trained by cross-entropy.

    What other methods of prompts derive from. `n_ctx` counts the context tokens (0: the recipe's number), `position`
    puts them at the "end" (name last), "middle" or "front" as CoOp calls it, `csc` gives each class its own, `init`
    starts from words, and `full_stop=False` ends prompts without the full stop, as GRIP's code does (2306.01669). Where
    we differ from CoOp's released code: it takes as many tokens of `init` as that has words, we take all; and it
    forgets `csc` where there is an `init`, while we give each class its own copy.
    """

    needs: ClassVar[str] = "text tower"
    n_ctx: Annotated[int, Ge(0)] = 0
    position: Literal["end", "middle", "front"] = "end"
    csc: bool = False
    init: str = ""
    full_stop: bool = True

    def build(self) -> None:
        """Draws the contexts from a normal of std 0.02, or copies the embeddings of the words of `init`."""
        task = self.task
        words = task.backbone.words(self.init) if self.init else None
        n_ctx = self.n_ctx or (task.recipe.n_ctx if words is None else len(words))
        shape = (len(task.classes), n_ctx, task.backbone.width) if self.csc else (n_ctx, task.backbone.width)
        ctx = (0.02 * task.normal("init", *shape)).to(task.backbone.device)
        if words is not None:
            ctx[..., : len(words), :] = words[:n_ctx]
        self.ctx = nn.Parameter(ctx)
        self.layout = task.backbone.layout(task.classes, n_ctx, self.position, self.full_stop)

    def prompt(self) -> Prompt | None:
        """The contexts in their places; equal kinds of prompts share a pass of the text tower."""
        kind = (*self.ctx.shape[1:], self.position, self.full_stop)
        return Prompt(self.task.backbone, self.layout, self.ctx, kind)

    def loss(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy -log p_y [R, B] of logits [R, B, C] and labels [R, B]."""
        return losses.cross_entropy(logits, labels)


NAME = "CoOp"
FAMILY = "prompt"


class Method(AnyLoss, PromptMethod):
    """Cross-entropy on a learned context; Zhou et al. 2022 (2109.01134).

    Published: 16 tokens, SGD, lr 0.002, momentum 0.9, weight decay 5e-4, batch 32, 200 epochs at 16 shots, one
    constant warm-up epoch at 1e-5 and then a cosine schedule: the recipe `coop`, of all but the embedded backbones.
    Another `loss` replaces cross-entropy; `loss=gce` is `gce`, and so on.
    """
