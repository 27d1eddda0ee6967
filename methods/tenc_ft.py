"""TEnc-FT: fine-tuning of the whole text tower."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from torch import Tensor, nn

from methods.clip.text_tower import TextTower, autocast
from methods.core.any_loss import AnyLoss
from methods.core.base import BaseMethod
from methods.core.per_run import PerRun

NAME = "TEnc-FT"
FAMILY = "fine-tuning"


class Method(AnyLoss, BaseMethod):
    """Cross-entropy on all weights of the text tower: PTNL's TEnc-FT (2307.11978), which overfits wrong labels.

    The prompts are the class names in the data set's template. Every run has its own copy of the tower, in float32,
    with the embeddings of only those tokens that occur in a prompt (the others get no gradient).
    PTNL gives no further details; optimiser, schedule and learning rate are those of the prompts.
    """

    needs: ClassVar[str] = "text tower"

    def build(self) -> None:
        """Copies the text tower for every run."""
        backbone = self.task.backbone
        texts = [self.task.template.format(name.replace("_", " ")) for name in self.task.classes]
        ids = backbone.tokenizer(texts).to(backbone.device)
        self.tower = PerRun([_Prompts(backbone.text, ids, backbone.tokenizer.eot_token_id)] * len(self.task.seeds))

    def class_weights(self) -> Tensor:
        """Text features [R, C, E] of the same prompts by every run's tower."""
        weights: Tensor = self.tower()[0]
        return weights


class _Prompts(nn.Module):
    """Text tower with the tokens of C prompts; calling it returns their unit text features [C, E]."""

    eot: Tensor
    places: Tensor
    mask: Tensor | None

    def __init__(self, tower: TextTower, ids: Tensor, end: int) -> None:
        super().__init__()
        eot = (ids == end).int().argmax(-1)
        length = int(eot.max()) + 1 if tower.causal else ids.shape[1]
        used, places = ids[:, :length].unique(return_inverse=True)
        self.tower = tower
        for name, tensor in (("eot", eot), ("places", places), ("mask", tower.mask)):
            self.register_buffer(name, tensor)
        self.tokens = nn.Parameter(tower.token_embedding.weight[used].clone())
        self.positions = nn.Parameter(tower.positional_embedding[:length].clone())
        self.transformer, self.ln_final = tower.transformer, tower.ln_final
        projection = tower.projection
        self.projection = nn.Parameter(projection.clone()) if isinstance(projection, Tensor) else projection

    def forward(self) -> tuple[Tensor]:
        tower = replace(self.tower, positional_embedding=self.positions, projection=self.projection, mask=self.mask)
        with autocast(self.tokens.device, tower.bf16):
            return (tower.project(tower.hidden(self.tokens[self.places][None], self.eot))[0],)
