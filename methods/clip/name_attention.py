"""Blocks of a causal text tower on one sequence of a shared context and all names, under the mask of a `NameTrie`."""

from __future__ import annotations

from typing import Any

import torch.nn.functional as F
from torch import Tensor

from methods.clip.name_trie import NameTrie


def shared_block(block: Any, x: Tensor, names: NameTrie, mask: Tensor) -> Tensor:
    """One block on the sequence [R, L, D]; `mask` is the trie's."""
    return _finish(block, x, _attended(block, x, names, mask))


def last_block(block: Any, x: Tensor, names: NameTrie, mask: Tensor) -> Tensor:
    """The last block on the sequence [R, L, D], of which the C EOT tokens alone go on: [R, C, D]."""
    attended = _attended(block, x, names, mask)
    return _finish(block, x.index_select(1, names.ends), attended.index_select(1, names.ends))


def _finish(block: Any, x: Tensor, attended: Tensor) -> Tensor:
    x = x + block.ls_1(block.attn.out_proj(attended))
    finished: Tensor = x + block.ls_2(block.mlp(block.ln_2(x)))
    return finished


def _attended(block: Any, x: Tensor, names: NameTrie, mask: Tensor) -> Tensor:
    """What attention gives [R, L, D], before its projection.

    On a GPU the memory-efficient kernel takes the mask; where no kernel does, torch multiplies the matrices one by one.
    """
    heads = block.attn.num_heads
    qkv = F.linear(block.ln_1(x), block.attn.in_proj_weight, block.attn.in_proj_bias).unflatten(-1, (3, heads, -1))
    if names.keys is None:
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
    else:
        # Groups of queries stand beside the runs: [R * G, H, S or K, d].
        groups = len(names.hidden)
        q = qkv[:, :, 0].unflatten(1, (groups, -1)).flatten(0, 1).transpose(1, 2)
        seen = qkv[:, :, 1:].flatten(2).index_select(1, names.keys).view(len(x) * groups, -1, 2, *qkv.shape[3:])
        k, v = seen.permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
    return mixed.transpose(1, 2).reshape(x.shape)
