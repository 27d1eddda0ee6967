"""A pretend GPU: tensors with a device of their own whose values live on the CPU; mixing devices raises as on CUDA.

It counts `waits`, operations for which the host would wait until the GPU is done, by the line of ours that caused them,
and `launches`, operations that would start kernels. It cannot show kernels that CUDA lacks, memory, speed or streams.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.utils.backend_registration as registration
from lightning.pytorch.accelerators import CPUAccelerator
from lightning.pytorch.strategies import SingleDeviceStrategy
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

NAME = "pretend"
registration._setup_privateuseone_for_python_backend(NAME)
DEVICE = torch.device(f"{NAME}:0")
PACKAGES = tuple(str(Path(__file__).parents[2] / package) for package in ("benchmark", "methods", "datamodules"))

aten = torch.ops.aten
#: Operations whose result the host has to know, or whose size depends on values.
ASK = {
    aten._local_scalar_dense.default, aten.nonzero.default, aten._unique2.default, aten.unique_dim.default,
    aten.masked_select.default, aten.equal.default, aten.is_nonzero.default, aten.repeat_interleave.Tensor,
    aten.bincount.default,
}  # fmt: skip
#: CUDA takes indices from the host for these.
INDEXING = {
    aten.index.Tensor, aten.index_put.default, aten.index_put_.default, aten._index_put_impl_.default,
    aten._unsafe_index.Tensor,
}  # fmt: skip
COPYING = {aten.copy_.default, aten._to_copy.default, aten._copy_from.default}


@dataclass
class Counts:
    """Waits by line, and the number of kernels."""

    waits: Counter[str] = field(default_factory=Counter)
    launches: int = 0

    def clear(self) -> None:
        """Starts over."""
        self.waits.clear()
        self.launches = 0


COUNTS = Counts()


class PretendTensor(torch.Tensor):
    """A tensor on the pretend GPU; `raw` holds its values on the CPU."""

    raw: Tensor

    @staticmethod
    def __new__(cls, raw: Tensor, requires_grad: bool = False) -> PretendTensor:
        made: PretendTensor = torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, raw.size(), strides=raw.stride(), storage_offset=raw.storage_offset(), dtype=raw.dtype, device=DEVICE,
            requires_grad=requires_grad,
        )  # fmt: skip
        made.raw = raw
        return made

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return f"PretendTensor({self.raw})"

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(function, args, kwargs or {})

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def __getitem__(self, index: Any) -> Any:
        return torch.Tensor.__getitem__(self, _as_index(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        value = value if isinstance(value, Tensor) else torch.tensor(value, dtype=self.dtype, device=DEVICE)
        torch.Tensor.__setitem__(self, _as_index(index), value)


def _as_index(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(map(_as_index, index))
    return _TENSOR(index) if isinstance(index, list) else index


def run(function: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """Runs an operation on the values, checks where its operands are, and counts."""
    leaves = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    ours = [leaf for leaf in leaves if isinstance(leaf, PretendTensor)]
    hosts = [leaf for leaf in leaves if not isinstance(leaf, PretendTensor) and leaf.dim() > 0]
    on_device, kwargs = bool(ours), dict(kwargs)
    if kwargs.get("device") is not None:
        on_device = torch.device(kwargs["device"]).type in (NAME, "privateuseone")
        kwargs["device"] = torch.device("cpu") if on_device else kwargs["device"]
    kwargs.pop("pin_memory", None)
    if ours and hosts and function not in COPYING and not (function in INDEXING and isinstance(args[0], PretendTensor)):
        shapes = tuple(hosts[0].shape), tuple(ours[0].shape)
        raise RuntimeError(
            f"Expected all tensors to be on the same device: {function}, cpu {shapes[0]} and {shapes[1]}"
        )
    _count(function, args, ours, hosts, on_device)
    plain = tree_map(lambda leaf: leaf.raw if isinstance(leaf, PretendTensor) else leaf, (args, kwargs))
    result = function(*plain[0], **plain[1])
    if "out" in kwargs:
        return kwargs["out"]
    if function._schema.name.endswith("_") and not function._schema.name.endswith("__"):
        return args[0]
    return tree_map(lambda leaf: _wrapped(leaf, on_device), result)


def _wrapped(leaf: Any, on_device: bool) -> Any:
    return (
        PretendTensor(leaf) if isinstance(leaf, Tensor) and on_device and not isinstance(leaf, PretendTensor) else leaf
    )


def _count(function: Any, args: Any, ours: list[Any], hosts: list[Tensor], on_device: bool) -> None:
    crossing = function in COPYING and (
        bool(hosts) if function is not aten._to_copy.default else bool(ours) != on_device
    )
    masks = function in INDEXING and any(
        isinstance(leaf, Tensor) and leaf.dtype in (torch.bool, torch.uint8) for leaf in tree_leaves(args[1])
    )
    if (ours and (function in ASK or masks)) or (crossing and (ours or on_device)):
        COUNTS.waits[f"{_line()} {function._schema.name.removeprefix('aten::')}"] += 1
    if (ours or on_device) and not any(returned.alias_info and not returned.alias_info.is_write
                                       for returned in function._schema.returns):  # fmt: skip
        COUNTS.launches += 1


def _line() -> str:
    """The innermost line of our packages that is being executed."""
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_filename.startswith(PACKAGES):
            return f"{Path(frame.f_code.co_filename).relative_to(Path(__file__).parents[2])}:{frame.f_lineno}"
        frame = frame.f_back  # type: ignore[assignment]
    return "elsewhere"


class _Factories(TorchDispatchMode):
    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(function, args, kwargs or {})


_TENSOR, _AS_TENSOR = torch.tensor, torch.as_tensor


def _tensor(data: Any, *, device: Any = None, **options: Any) -> Tensor:
    made = _TENSOR(data, **options)
    return made if device is None else made.to(device)


def _as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    made = _AS_TENSOR(data, dtype=dtype)
    return made if device is None else made.to(device)


@contextmanager
def pretend_gpu() -> Iterator[Counts]:
    """Makes "pretend:0" a device inside; yields what is counted there."""
    torch.tensor, torch.as_tensor = _tensor, _as_tensor  # type: ignore[assignment]
    COUNTS.clear()
    try:
        with _Factories():
            yield COUNTS
    finally:
        torch.tensor, torch.as_tensor = _TENSOR, _AS_TENSOR


def trainer_arguments(device: str = f"{NAME}:0") -> dict[str, Any]:
    """The arguments of a `lightning.Trainer` that trains on the pretend GPU; on others, those of the CPU."""
    accelerator = _Accelerator()
    return {"strategy": SingleDeviceStrategy(DEVICE, accelerator=accelerator), "inference_mode": False}


class _Accelerator(CPUAccelerator):
    """Accepts the pretend GPU."""

    def setup_device(self, device: torch.device) -> None:
        assert device == DEVICE
