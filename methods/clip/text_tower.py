"""The frozen text tower of an open_clip model, run on prompt embeddings instead of token numbers.

A causal tower cannot see what follows, which saves almost all of CoOp's text pass without changing a value:

- nothing after EOT is computed;
- a context shared by all classes is computed once per run, with the tokens of the C names after it in one
  sequence, in which names that begin alike share tokens (`name_trie`);
- of the last block only the EOT tokens are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from methods.clip.changed_blocks import Blocks, plain_blocks
from methods.clip.name_attention import last_block, shared_block
from methods.clip.name_trie import NameTrie
from methods.clip.prompt_layout import PromptLayout
from methods.errors import BackboneError


@dataclass
class TextTower:
    """The parts of a frozen open_clip text tower (`CLIP` or `CustomTextCLIP`) that prompt tuning needs.

    Raises BackboneError: from `of`, for text towers from other libraries and for towers with a class embedding.
    """

    transformer: Any
    token_embedding: nn.Embedding
    positional_embedding: Tensor
    ln_final: Any
    projection: nn.Module | Tensor | None
    mask: Tensor | None
    pool: str
    #: Whether matrices are multiplied in bfloat16.
    bf16: bool = False
    #: How many classes pass at once where gradients are kept; the rest is computed again on the way back. 0: all.
    classes_at_once: int = 0

    @classmethod
    def of(cls, model: nn.Module, bf16: bool = False) -> TextTower:
        """Finds the text tower of an open_clip model."""
        text: Any = getattr(model, "text", model)
        if not hasattr(text, "token_embedding") or not hasattr(text, "transformer"):
            raise BackboneError(f"the text tower {type(text).__name__} takes no prompt embeddings; use a CLIP model")
        if getattr(text, "cls_emb", None) is not None:
            raise BackboneError("text towers with a class embedding (CoCa) are not supported; use a CLIP model")
        pool = str(getattr(text, "pool_type", None) or getattr(text, "text_pool_type", "argmax"))
        mask = getattr(text, "attn_mask", None)
        return cls(
            text.transformer, text.token_embedding, text.positional_embedding, text.ln_final, text.text_projection,
            mask, pool, bf16,
        )  # fmt: skip

    @property
    def causal(self) -> bool:
        """Whether a token sees only what stands before it, and the text's feature is read at EOT."""
        return self.mask is not None and self.pool in ("argmax", "eos")

    def encode(self, ctx: Tensor, layout: PromptLayout, blocks: Blocks | None = None) -> Tensor:
        """Prompts with context ctx [R, N, D] or [R, C, N, D] to unit text features [R, C, E] in float32.

        `blocks`, if set, stand for those of the tower.
        """
        with autocast(ctx.device, self.bf16):
            return self._encode_in_parts(ctx, layout, blocks)

    def _encode_in_parts(self, ctx: Tensor, layout: PromptLayout, blocks: Blocks | None) -> Tensor:
        few = self.classes_at_once
        if not 0 < few < len(layout.slots) or not (ctx.requires_grad and torch.is_grad_enabled()):
            return self._encode(ctx, layout, blocks)
        parts = layout.parts(few)
        contexts = ctx.split(few, dim=1) if ctx.ndim == 4 else [ctx] * len(parts)
        encoded: list[Tensor] = [
            checkpoint(self._encode, own, part, blocks, use_reentrant=False, preserve_rng_state=False)
            for own, part in zip(contexts, parts, strict=True)
        ]
        return torch.cat(encoded, dim=1)

    def _encode(self, ctx: Tensor, layout: PromptLayout, blocks: Blocks | None) -> Tensor:
        plain = blocks is None and self.causal and ctx.ndim == 3 and plain_blocks(self.transformer)
        if plain and layout.names is not None:
            hidden = self._encode_shared(ctx, layout.start, layout.names)
        else:
            hidden = self.hidden(layout.assemble(ctx, self.token_embedding.weight), layout.eot, blocks)
        return self.project(hidden)

    def project(self, hidden: Tensor) -> Tensor:
        """Hidden states at EOT [..., D] to unit features [..., E] in float32."""
        hidden = self.ln_final(hidden)
        if isinstance(self.projection, nn.Module):
            hidden = self.projection(hidden)
        elif self.projection is not None:
            hidden = hidden @ self.projection
        return F.normalize(hidden.float(), dim=-1)

    def hidden(self, tokens: Tensor, eot: Tensor, blocks: Blocks | None = None) -> Tensor:
        """The plain path: token embeddings [R, C, L, D], read at eot [C], to hidden states [R, C, D]."""
        classes, length = tokens.shape[1:3]
        x = tokens + self.positional_embedding[:length]
        mask = None if self.mask is None else self.mask[:length, :length]
        encoded: Tensor
        if blocks is None:
            encoded = self.transformer(x.flatten(0, 1), attn_mask=mask).unflatten(0, x.shape[:2])
        else:
            encoded = blocks(x, mask)
        if self.pool in ("first", "last"):
            return encoded[:, :, 0 if self.pool == "first" else -1]
        return encoded[:, torch.arange(classes, device=encoded.device), eot]

    def _encode_shared(self, ctx: Tensor, start: int, names: NameTrie) -> Tensor:
        """Shared contexts [R, N, D] before the names: hidden states at EOT [R, C, D]."""
        weight, positions = self.token_embedding.weight, self.positional_embedding
        first = (weight[start] + positions[0]).expand(len(ctx), 1, -1)
        own = (weight[names.ids] + positions[names.positions]).expand(len(ctx), -1, -1)
        x = torch.cat([first, ctx + positions[1 : 1 + ctx.shape[1]], own], dim=1)
        mask = names.mask(len(ctx), torch.bfloat16 if self.bf16 else x.dtype)
        *blocks, last = self.transformer.resblocks
        for block in blocks:
            x = shared_block(block, x, names, mask)
        return last_block(last, x, names, mask)


def autocast(device: torch.device, bf16: bool) -> torch.autocast:
    """Products in bfloat16 on `device` where `bf16`; else the precision of their operands."""
    kind = device.type if bf16 else "cpu"
    return torch.autocast(kind, torch.bfloat16, enabled=bf16)
