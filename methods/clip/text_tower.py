"""The frozen text tower of an open_clip model, run on prompt embeddings instead of token numbers.

A causal tower cannot see what follows, which saves almost all of CoOp's text pass without changing a value:

- nothing after EOT is computed;
- a context shared by all classes is one prefix `[SOS, ctx]`: it runs once per replica, and the tokens of the C names
  run against its keys and values, packed without padding;
- of the last block only the EOT tokens are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from methods.clip.prompt_layout import NamePack, PromptLayout
from methods.errors import BackboneError


@dataclass
class TextTower:
    """The parts of a frozen open_clip text tower (`CLIP` or `CustomTextCLIP`) that prompt tuning needs.

    Raises:
        BackboneError: from `of`, for text towers from other libraries and for towers with a class embedding.
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
            text.transformer,
            text.token_embedding,
            text.positional_embedding,
            text.ln_final,
            text.text_projection,
            mask,
            pool,
            bf16,
        )

    @property
    def causal(self) -> bool:
        """Whether a token sees only what stands before it, and the text's feature is read at EOT."""
        return self.mask is not None and self.pool in ("argmax", "eos")

    @property
    def plain_blocks(self) -> bool:
        """Whether all blocks are open_clip's ordinary pre-norm ones, whose parts `_encode_shared` calls one by one."""
        return all(type(block).__name__ == "ResidualAttentionBlock" for block in self.transformer.resblocks)

    def encode(self, ctx: Tensor, layout: PromptLayout) -> Tensor:
        """Prompts with context ctx [R, N, D] or [R, C, N, D] to unit text features [R, C, E] in float32."""
        with autocast(ctx.device, self.bf16):
            return self._encode_in_parts(ctx, layout)

    def _encode_in_parts(self, ctx: Tensor, layout: PromptLayout) -> Tensor:
        few = self.classes_at_once
        if not 0 < few < len(layout.slots) or not (ctx.requires_grad and torch.is_grad_enabled()):
            return self._encode(ctx, layout)
        parts = layout.parts(few)
        contexts = ctx.split(few, dim=1) if ctx.ndim == 4 else [ctx] * len(parts)
        encoded: list[Tensor] = [
            checkpoint(self._encode, own, part, use_reentrant=False, preserve_rng_state=False)
            for own, part in zip(contexts, parts, strict=True)
        ]
        return torch.cat(encoded, dim=1)

    def _encode(self, ctx: Tensor, layout: PromptLayout) -> Tensor:
        if self.causal and self.plain_blocks and layout.shareable and ctx.ndim == 3:
            hidden = self._encode_shared(ctx, layout)
        else:
            hidden = self.hidden(layout.assemble(ctx, self.token_embedding.weight), layout.eot)
        return self.project(hidden)

    def project(self, hidden: Tensor) -> Tensor:
        """Hidden states at EOT [..., D] to unit features [..., E] in float32."""
        hidden = self.ln_final(hidden)
        if isinstance(self.projection, nn.Module):
            hidden = self.projection(hidden)
        elif self.projection is not None:
            hidden = hidden @ self.projection
        return F.normalize(hidden.float(), dim=-1)

    def hidden(self, tokens: Tensor, eot: Tensor) -> Tensor:
        """The plain path: token embeddings [R, C, L, D], read at eot [C], to hidden states [R, C, D]."""
        replicas, classes, length, width = tokens.shape
        x = (tokens + self.positional_embedding[:length]).reshape(-1, length, width)
        mask = None if self.mask is None else self.mask[:length, :length]
        encoded: Tensor = self.transformer(x, attn_mask=mask)
        encoded = encoded.view(replicas, classes, length, width)
        if self.pool in ("first", "last"):
            return encoded[:, :, 0 if self.pool == "first" else -1]
        return encoded[:, torch.arange(classes, device=encoded.device), eot]

    def _encode_shared(self, ctx: Tensor, layout: PromptLayout) -> Tensor:
        """Shared contexts [R, N, D] before the names: hidden states at EOT [R, C, D]."""
        names, weight = layout.names, self.token_embedding.weight
        start = weight[layout.start].expand(ctx.shape[0], 1, -1)
        prefix = torch.cat([start, ctx], dim=1)
        positions = self.positional_embedding
        length = prefix.shape[1]
        prefix = prefix + positions[:length]
        # The names' first-block input is the same for all replicas: [1, M, D] until attention tells them apart.
        x = (weight[names.ids] + positions[length + names.offsets])[None]
        blocks = list(self.transformer.resblocks)
        for block in blocks[:-1]:
            prefix, x = _shared_block(block, prefix, x, names)
        return _last_block(blocks[-1], prefix, x, names)[:, names.restore]


def autocast(device: torch.device, bf16: bool) -> torch.autocast:
    """Products in bfloat16 on `device` where `bf16`; else the precision of their operands."""
    kind = device.type if bf16 else "cpu"
    return torch.autocast(kind, torch.bfloat16, enabled=bf16)


def _split_heads(x: Tensor, heads: int) -> Tensor:
    return x.reshape(*x.shape[:-1], heads, -1)


def _qkv(block: Any, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values [..., H, D / H] of x [..., D]."""
    attn = block.attn
    q, k, v = F.linear(block.ln_1(x), attn.in_proj_weight, attn.in_proj_bias).chunk(3, dim=-1)
    return _split_heads(q, attn.num_heads), _split_heads(k, attn.num_heads), _split_heads(v, attn.num_heads)


def _finish(block: Any, x: Tensor, attended: Tensor) -> Tensor:
    """The rest of a block after attention: projection, residual, MLP."""
    x = x + block.ls_1(block.attn.out_proj(attended))
    finished: Tensor = x + block.ls_2(block.mlp(block.ln_2(x)))
    return finished


def _shared_block(block: Any, prefix: Tensor, x: Tensor, names: NamePack) -> tuple[Tensor, Tensor]:
    """One block on the prefix [R, P, D] and on the names' packed tokens [R or 1, M, D]."""
    pq, pk, pv = (t.transpose(1, 2) for t in _qkv(block, prefix))
    attended = F.scaled_dot_product_attention(pq, pk, pv, is_causal=True).transpose(1, 2).flatten(2)
    q, k, v = _qkv(block, x)
    mixed = torch.cat([_attend(q, k, v, pk, pv, bucket) for bucket in names.buckets], dim=1)
    return _finish(block, prefix, attended), _finish(block, x, mixed)


def _last_block(block: Any, prefix: Tensor, x: Tensor, names: NamePack) -> Tensor:
    """The last block, for the EOT tokens alone: [R, C, D] in the order of the pack."""
    attn, width = block.attn, x.shape[-1]
    kv = F.linear(block.ln_1(prefix), attn.in_proj_weight[width:], attn.in_proj_bias[width:])
    pk, pv = (_split_heads(t, attn.num_heads).transpose(1, 2) for t in kv.chunk(2, dim=-1))
    normed = block.ln_1(x)
    k, v = (
        _split_heads(t, attn.num_heads)
        for t in F.linear(normed, attn.in_proj_weight[width:], attn.in_proj_bias[width:]).chunk(2, dim=-1)
    )
    q = _split_heads(
        F.linear(normed[:, names.ends], attn.in_proj_weight[:width], attn.in_proj_bias[:width]), attn.num_heads
    )
    mixed = torch.cat([_attend(q, k, v, pk, pv, bucket, last=True) for bucket in names.buckets], dim=1)
    return _finish(block, x[:, names.ends], mixed)


def _attend(
    q: Tensor, k: Tensor, v: Tensor, pk: Tensor, pv: Tensor, bucket: tuple[int, int, int, int], last: bool = False
) -> Tensor:
    """Attention of the bucket's tokens over the prefix and over their own name so far.

    q, k, v are [R or 1, M, H, d] (q [R or 1, C, H, d] when `last`), pk and pv [R, H, P, d]; returns [R, c T, D].
    """
    tokens, first, count, rank = bucket
    replicas, heads, prefix, size = pk.shape
    own = slice(first, first + count * tokens)
    queries = 1 if last else tokens
    q = q[:, rank : rank + count] if last else q[:, own]
    shape = (replicas, count, tokens, heads, size)
    k = k[:, own].reshape(-1, count, tokens, heads, size).expand(shape).permute(0, 3, 1, 2, 4)
    v = v[:, own].reshape(-1, count, tokens, heads, size).expand(shape).permute(0, 3, 1, 2, 4)
    q = q.expand(replicas, -1, -1, -1).transpose(1, 2) * size**-0.5
    on_prefix = (q @ pk.transpose(-1, -2)).view(replicas, heads, count, queries, prefix)
    q = q.view(replicas, heads, count, queries, size)
    on_own = q @ k.transpose(-1, -2)
    if not last:
        future = torch.ones(tokens, tokens, dtype=torch.bool, device=q.device).triu(1)
        on_own = on_own.masked_fill(future, float("-inf"))
    weights = torch.cat([on_prefix, on_own], dim=-1).softmax(dim=-1)
    on_prefix, on_own = torch.split(weights, [prefix, tokens], dim=-1)
    mixed = on_own @ v + (on_prefix.flatten(2, 3) @ pv).view(replicas, heads, count, queries, size)
    return mixed.permute(0, 2, 3, 1, 4).reshape(replicas, count * queries, heads * size)
