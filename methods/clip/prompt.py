"""Learned contexts to be encoded, with one pass of the text tower for all that look alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from methods.clip.backbone import Backbone
from methods.clip.prompt_layout import PromptLayout


@dataclass(frozen=True)
class Prompt:
    """Contexts [R, N, D], or class-specific [R, C, N, D], to be encoded; prompts of equal `kind` can share a pass."""

    backbone: Backbone
    layout: PromptLayout
    ctx: Tensor
    kind: tuple[Any, ...]

    def encode(self, ctx: Tensor) -> Tensor:
        """The text features [R, C, E] of contexts of this kind."""
        return self.backbone.encode_prompts(ctx, self.layout)


def encode_together(prompts: Sequence[Prompt | None]) -> list[Tensor | None]:
    """The text features [R, C, E] of every prompt, with one pass of the text tower for all of one kind."""
    alike: dict[Any, list[int]] = defaultdict(list)
    for i, prompt in enumerate(prompts):
        if prompt is not None:
            alike[prompt.kind].append(i)
    features: list[Tensor | None] = [None] * len(prompts)
    for places in alike.values():
        own = [prompt for i in places if (prompt := prompts[i]) is not None]
        encoded = own[0].encode(torch.cat([prompt.ctx for prompt in own]))
        for i, part in zip(places, encoded.split([len(prompt.ctx) for prompt in own]), strict=True):
            features[i] = part
    return features
