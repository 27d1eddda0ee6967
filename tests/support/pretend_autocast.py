"""Autocast as CUDA does it: products in half precision, norms and sums in full, on tensors of the pretend GPU."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from tests.support.pretend_tensor import PretendTensor, is_pretend

#: What CUDA's autocast computes in the lower precision, of what towers and methods call.
LOW = {"linear", "conv2d", "matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "addmm", "baddbmm", "einsum"}
LOW |= {"multi_head_attention_forward", "attention.default"}
#: What it computes in float32.
FULL = {"layer_norm", "softmax", "log_softmax", "logsumexp", "exp", "log", "pow", "__pow__", "rsqrt", "norm", "sum"}
FULL |= {"cumsum", "cross_entropy", "nll_loss", "kl_div", "cosine_similarity"}

_real = torch.autocast


class PretendAutocast(TorchFunctionMode):
    """Casts what functions are given while it is entered, as CUDA's autocast does."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self.dtype = dtype

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "")
        dtype = self.dtype if name in LOW else torch.float32 if name in FULL else None
        if dtype is not None:
            args, kwargs = _cast(args, dtype), _cast(kwargs or {}, dtype)
        return func(*args, **(kwargs or {}))


def pretend_autocast(
    device_type: str, dtype: torch.dtype | None = None, enabled: bool = True
) -> AbstractContextManager[Any]:
    """torch's `autocast`; for the pretend GPU, one that needs no hardware."""
    if enabled and is_pretend(device_type):
        return PretendAutocast(dtype or torch.bfloat16)
    return _real("cpu" if is_pretend(device_type) else device_type, dtype, enabled=enabled)


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, Tensor):
        ours = isinstance(value, PretendTensor) and value.is_floating_point() and value.dtype != torch.float64
        return value.to(dtype) if ours else value
    if isinstance(value, list | tuple):
        return type(value)(_cast(item, dtype) for item in value)
    return {name: _cast(item, dtype) for name, item in value.items()} if isinstance(value, dict) else value
