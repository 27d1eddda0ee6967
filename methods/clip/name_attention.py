"""Blocks of a causal text tower on names that share a prefix: each name attends to the prefix and to itself."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from methods.clip.prompt_layout import NamePack, Padding


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


def shared_block(block: Any, prefix: Tensor, x: Tensor, names: NamePack) -> tuple[Tensor, Tensor]:
    """One block on the prefix [R, P, D] and on the names' packed tokens [R or 1, M, D]."""
    pq, pk, pv = (t.transpose(1, 2) for t in _qkv(block, prefix))
    attended = F.scaled_dot_product_attention(pq, pk, pv, is_causal=True).transpose(1, 2).flatten(2)
    q, k, v = _qkv(block, x)
    mixed = _attend(q, k, v, pk, pv, names)
    return _finish(block, prefix, attended), _finish(block, x, mixed)


def last_block(block: Any, prefix: Tensor, x: Tensor, names: NamePack) -> Tensor:
    """The last block, for the EOT tokens alone: [R, C, D] in the order of the pack."""
    attn, width = block.attn, x.shape[-1]
    kv = F.linear(block.ln_1(prefix), attn.in_proj_weight[width:], attn.in_proj_bias[width:])
    pk, pv = (_split_heads(t, attn.num_heads).transpose(1, 2) for t in kv.chunk(2, dim=-1))
    normed = block.ln_1(x)
    k, v = (
        _split_heads(t, attn.num_heads)
        for t in F.linear(normed, attn.in_proj_weight[width:], attn.in_proj_bias[width:]).chunk(2, dim=-1)
    )
    ends = normed.index_select(1, names.ends)
    q = _split_heads(F.linear(ends, attn.in_proj_weight[:width], attn.in_proj_bias[:width]), attn.num_heads)
    mixed = _attend(q, k, v, pk, pv, names, last=True)
    return _finish(block, x.index_select(1, names.ends), mixed)


def _attend(q: Tensor, k: Tensor, v: Tensor, pk: Tensor, pv: Tensor, names: NamePack, last: bool = False) -> Tensor:
    """Attention of the names' tokens over the prefix and over their own name so far.

    q, k, v are [R or 1, M, H, d] (q [R or 1, C, H, d] when `last`), pk and pv [R, H, P, d]; returns [R, M or C, D].
    Names of one length at a time; padded to one length, where starting an operation costs more than computing it.
    """
    if names.padding is None:
        return torch.cat([_attend_bucket(q, k, v, pk, pv, bucket, last) for bucket in names.buckets], dim=1)
    padding, (count, _, tokens) = names.padding, names.padding.hidden.shape
    q, k, v = (q if last else _padded(q, padding), _padded(k, padding), _padded(v, padding))
    shape = (-1, count, tokens, *k.shape[2:])
    hidden = padding.hidden[:, -1:] if last else padding.hidden
    mixed = _mix(q, k.reshape(shape), v.reshape(shape), pk, pv, hidden)
    return mixed if last else mixed.index_select(1, padding.back)


def _padded(x: Tensor, padding: Padding) -> Tensor:
    """Packed tokens [R or 1, M, H, d] to [R or 1, C T, H, d]; a name's last token fills it up."""
    return x.flatten(2).index_select(1, padding.place).view(len(x), -1, *x.shape[2:])


def _attend_bucket(
    q: Tensor, k: Tensor, v: Tensor, pk: Tensor, pv: Tensor, bucket: tuple[int, int, int, int], last: bool
) -> Tensor:
    tokens, first, count, rank = bucket
    own = slice(first, first + count * tokens)
    shape = (-1, count, tokens, *k.shape[2:])
    future = None if last else torch.ones(tokens, tokens, dtype=torch.bool, device=q.device).triu(1)
    q = q[:, rank : rank + count] if last else q[:, own]
    return _mix(q, k[:, own].reshape(shape), v[:, own].reshape(shape), pk, pv, future)


def _mix(q: Tensor, k: Tensor, v: Tensor, pk: Tensor, pv: Tensor, hidden: Tensor | None) -> Tensor:
    """Attention of q [R or 1, c n, H, d] over pk, pv [R, H, P, d] and over k, v [R or 1, c, T, H, d] of its own name.

    `hidden`, if set, is True [.., n, T] for tokens that a query does not see; returns [R, c n, D].
    """
    (replicas, heads, prefix, size), (count, tokens) = pk.shape, k.shape[1:3]
    k, v = (x.expand(replicas, -1, -1, -1, -1).permute(0, 3, 1, 2, 4) for x in (k, v))
    q = q.expand(replicas, -1, -1, -1).transpose(1, 2) * size**-0.5
    on_prefix = (q @ pk.transpose(-1, -2)).view(replicas, heads, count, -1, prefix)
    on_own = q.view(replicas, heads, count, -1, size) @ k.transpose(-1, -2)
    if hidden is not None:
        on_own = on_own.masked_fill(hidden, float("-inf"))
    weights = torch.cat([on_prefix, on_own], dim=-1).softmax(dim=-1)
    on_prefix, on_own = torch.split(weights, [prefix, tokens], dim=-1)
    mixed = on_own @ v + (on_prefix.flatten(2, 3) @ pv).view(replicas, heads, count, -1, size)
    return mixed.permute(0, 2, 3, 1, 4).flatten(1, 2).flatten(2)
