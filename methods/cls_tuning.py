"""Tuning of the class names' token embeddings."""

from __future__ import annotations

from typing import ClassVar

import torch

from methods.clip.prompt import Prompt
from methods.clip.prompt_layout import PromptLayout
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.errors import MethodError

NAME = "class-name tuning"
FAMILY = "prompt"


class Method(AnyLoss, BaseMethod):
    """Cross-entropy on the embeddings of the class names' tokens: PTNL's CLS tuning (2307.11978).

    The data set's template is fixed, and the tokens [R, C, N, D] of each name are initialised with their embeddings.
    PTNL gives no further details; optimiser and schedule are those of CoOp.
    """

    needs: ClassVar[str] = "text tower"

    def build(self) -> None:
        """Copies the embeddings of every name, padded with unused zeros.

        Raises MethodError: a prompt longer than the backbone's context.
        """
        backbone, tok = self.task.backbone, self.task.backbone.tokenizer
        before, after = (tok.encode(part) for part in self.task.template.split("{}"))
        names = [tok.encode(name.replace("_", " ")) for name in self.task.classes]
        layout = PromptLayout.of_names(names, before, after, tok.sot_token_id, tok.eot_token_id)
        room = backbone.text.positional_embedding.shape[0]
        if layout.slots.shape[1] > room:
            raise MethodError(f"template and class make {layout.slots.shape[1]} tokens; {backbone.name} takes {room}")
        self.layout = (layout if backbone.text.causal else layout.padded(room)).to(backbone.device)
        ctx = torch.zeros(len(names), max(map(len, names)), backbone.width, device=backbone.device)
        for row, name in zip(ctx, names, strict=True):
            row[: len(name)] = backbone.text.token_embedding.weight[torch.tensor(name, device=ctx.device)]
        self.ctx = torch.nn.Parameter(ctx.repeat(len(self.task.seeds), 1, 1, 1))

    def prompt(self) -> Prompt:
        """The tuned names in the template."""
        return Prompt(self.task.backbone, self.layout, self.ctx, ("names", self.task.template, *self.ctx.shape[1:]))
