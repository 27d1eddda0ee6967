"""Attention as a GPU has it: one kernel forward and one backward, on tensors of the pretend GPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from tests.support.pretend_tensor import PretendTensor


def pretend_attention(
    q: Tensor, k: Tensor, v: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0, is_causal: bool = False
) -> Tensor:
    """torch's `scaled_dot_product_attention`; where a tensor is on the pretend GPU, as one operation."""
    if not any(isinstance(tensor, PretendTensor) for tensor in (q, k, v, attn_mask)):
        return scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal)
    if dropout_p or (attn_mask is not None and attn_mask.requires_grad):
        raise NotImplementedError("no fused kernel takes dropout here, or a mask with a gradient")
    found: Tensor = _forward(q, k, v, attn_mask, is_causal)
    return found


@torch.library.custom_op("pretend::attention", mutates_args=())
def _forward(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
    return _weights(q, k, mask, causal) @ v


@torch.library.custom_op("pretend::attention_backward", mutates_args=())
def _backward(
    given: Tensor, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, causal: bool
) -> tuple[Tensor, Tensor, Tensor]:
    weights, scale = _weights(q, k, mask, causal), q.shape[-1] ** -0.25
    logits = torch._softmax_backward_data(given @ v.mT, weights, -1, weights.dtype)
    return logits @ (k * scale) * scale, logits.mT @ (q * scale) * scale, weights.mT @ given


def _weights(q: Tensor, k: Tensor, mask: Tensor | None, causal: bool) -> Tensor:
    """Softmax of the logits, in the steps in which torch takes attention apart."""
    scale = q.shape[-1] ** -0.25
    logits = (q * scale) @ (k * scale).mT
    if causal:
        mask = torch.full(logits.shape[-2:], float("-inf")).triu(1)
    return (logits if mask is None else logits + mask).softmax(-1)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    *tensors, ctx.causal = inputs
    ctx.save_for_backward(*tensors)


def _grad(ctx: Any, given: Tensor) -> tuple[Tensor | None, ...]:
    return (*_backward(given, *ctx.saved_tensors, ctx.causal), None, None)


_forward.register_autograd(_grad, setup_context=_keep)
