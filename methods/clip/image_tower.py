"""The frozen image tower of an open_clip model, run with visual prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from open_clip.transformer import VisionTransformer
from torch import Tensor

from methods.clip.backbone import Backbone
from methods.clip.changed_blocks import Blocks
from methods.clip.text_tower import autocast
from methods.errors import UnsupportedError

BLOCK = 256


@dataclass(frozen=True)
class ImageTower:
    """A vision transformer that takes prompt tokens between its class token and its patches.

    Raises:
        UnsupportedError: from `of`, for towers without tokens (ResNets), from other libraries, or that pool otherwise.
    """

    visual: Any
    bf16: bool = False

    @classmethod
    def of(cls, backbone: Backbone, what: str = "visual prompts") -> ImageTower:
        """Finds the image tower of a backbone; `what` needs it."""
        visual = backbone.model.visual
        if not isinstance(visual, VisionTransformer):
            raise UnsupportedError(
                f"{what} need a vision transformer, and the image tower of {backbone.name} is a"
                f" {type(visual).__name__}; use a ViT backbone, such as embedded-vit"
            )
        if visual.attn_pool is not None or visual.pool_type != "tok":
            raise UnsupportedError(f"{what} need an image tower that is read at its class token; {backbone.name} pools")
        return cls(visual, backbone.precision == "bf16")

    @property
    def width(self) -> int:
        """W, the width of a visual token."""
        return int(self.visual.class_embedding.shape[0])

    @property
    def patch(self) -> int:
        """The side of a patch in pixels."""
        return int(self.visual.patch_size[0])

    def encode(self, pixels: Tensor, index: Tensor, prompts: Tensor, blocks: Blocks | None = None) -> Tensor:
        """Pictures seen through every run's prompts: unit features [R, B, E] in float32.

        `pixels` [U, 3, S, S] holds each picture once, `index` [R or 1, B] says which ones a run looks at, prompts
        are [R, V, W]; `blocks`, if set, stand for those of the tower. Runs are folded into the batch; without
        gradients it goes through in parts.
        """
        with autocast(pixels.device, self.bf16):
            patches, index = self._patches(pixels), index.expand(len(prompts), -1)
            if torch.is_grad_enabled():
                return self._encode(patches[index], prompts, blocks)
            parts = index.split(max(1, BLOCK // len(prompts)), dim=1)
            return torch.cat([self._encode(patches[own], prompts, blocks) for own in parts], dim=1)

    def _patches(self, pixels: Tensor) -> Tensor:
        """The tokens [U, L, W] of pictures, class token first, as they stand before the normalisation."""
        visual = self.visual
        x = visual.conv1(pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([visual.class_embedding.to(x).expand(len(x), 1, -1), x], dim=1)
        positions: Tensor = visual.positional_embedding.to(x)
        return tokens + positions

    def _encode(self, tokens: Tensor, prompts: Tensor, blocks: Blocks | None) -> Tensor:
        """Tokens [R, B, L, W] with prompts [R, V, W] after the class token to unit features [R, B, E]."""
        visual, shape = self.visual, tokens.shape[:2]
        prompts = prompts[:, None].expand(-1, shape[1], -1, -1)
        x = visual.ln_pre(torch.cat([tokens[:, :, :1], prompts, tokens[:, :, 1:]], dim=2))
        x = visual.transformer(x.flatten(0, 1)).unflatten(0, shape) if blocks is None else blocks(x, None)
        x = visual.ln_post(x[:, :, 0])
        x = x if visual.proj is None else x @ visual.proj
        return F.normalize(x.float(), dim=-1)
