"""The blocks of a frozen transformer, run with something of every run's own: deep prompts, or low-rank updates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

#: Blocks that take tokens [R, n, L, D] and a mask [L, L] or None to tokens of the same shape.
Blocks = Callable[[Tensor, Tensor | None], Tensor]

#: An update of block i: its normalised input [R, n, L, D] to what is added to queries, keys and values [R, n, L, 3 D].
Update = Callable[[int, Tensor], Tensor]


def plain_blocks(transformer: Any) -> bool:
    """Whether all blocks are open_clip's ordinary pre-norm ones, whose parts can be called one by one."""
    return all(type(block).__name__ == "ResidualAttentionBlock" for block in transformer.resblocks)


def with_deep_prompts(transformer: Any, prompts: Sequence[Tensor]) -> Blocks:
    """Blocks before which, from the second on, the N tokens after the first one are replaced by prompts [R, N, D]."""

    def run(x: Tensor, mask: Tensor | None) -> Tensor:
        for number, block in enumerate(transformer.resblocks):
            if 0 < number <= len(prompts):
                own = prompts[number - 1][:, None].expand(-1, x.shape[1], -1, -1)
                x = torch.cat([x[:, :, :1], own, x[:, :, 1 + own.shape[2] :]], dim=2)
            x = block(x.flatten(0, 1), attn_mask=mask).unflatten(0, x.shape[:2])
        return x

    return run


def with_attention_updates(transformer: Any, update: Update) -> Blocks:
    """Plain blocks whose queries, keys and values get a run's own update."""

    def run(x: Tensor, mask: Tensor | None) -> Tensor:
        for number, block in enumerate(transformer.resblocks):
            attn, normed = block.attn, block.ln_1(x)
            qkv = F.linear(normed, attn.in_proj_weight, attn.in_proj_bias) + update(number, normed)
            q, k, v = (
                part.flatten(0, 1).unflatten(-1, (attn.num_heads, -1)).transpose(1, 2) for part in qkv.chunk(3, dim=-1)
            )
            bias = None if mask is None else mask.to(q.dtype)
            mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias).transpose(1, 2).flatten(2)
            x = x + block.ls_1(attn.out_proj(mixed.view_as(x)))
            x = x + block.ls_2(block.mlp(block.ln_2(x)))
        return x

    return run
