"""A pretend GPU, which counts what would make the host wait for a GPU and how many kernels would be started.

Inside `with PretendGPU() as gpu`, `gpu.device` works as "cuda:0" would. Kernels that CUDA lacks, memory, streams and
speed cannot be seen here, nor does it work inside `torch.inference_mode`. Attention is one kernel forward and one
backward, as on a GPU, where a mask needs no gradient.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from tests.support.pretend_attention import pretend_attention
from tests.support.pretend_autocast import pretend_autocast
from tests.support.pretend_tensor import DEVICE, INDEXING, NAME, Operation, PretendTensor, is_pretend, run

ROOT = Path(__file__).parents[2]
PROJECT = tuple(f"{ROOT / folder}/" for folder in ("methods", "datamodules", "benchmark"))
NOT_THE_CAUSE = ("/torch/", "/contextlib.py", "/functools.py", "tests/support/pretend_")

#: Operations whose result the host must know before it can go on.
WAITING = {
    *(
        "aten::_local_scalar_dense",
        "aten::equal",
        "aten::allclose",
        "aten::nonzero",
        "aten::masked_select",
        "aten::bincount",
    ),
    *("aten::_unique", "aten::_unique2", "aten::unique_dim", "aten::unique_consecutive", "aten::_linalg_check_errors"),
}
#: Operations without a kernel, beside views.
FREE = {
    *("aten::_local_scalar_dense", "aten::_unsafe_view", "aten::detach", "aten::lift_fresh", "aten::is_same_size"),
    *("aten::empty", "aten::empty_like", "aten::empty_strided", "aten::new_empty", "aten::new_empty_strided"),
}


@dataclass(frozen=True)
class Wait:
    """One wait for the device: the operation, and the line `file:number` that caused it."""

    what: str
    where: str


class PretendGPU:
    """The pretend GPU and its counts; a context manager that leaves no patch behind."""

    def __init__(self) -> None:
        self.device = DEVICE
        self.waits: list[Wait] = []
        self.launches = 0
        self._pinned: dict[int, Any] = {}
        self._stack = ExitStack()

    def __enter__(self) -> PretendGPU:
        # On a GPU, Module.to changes what its parameters hold; of a wrapper it would make new ones.
        swap = torch.__future__.get_swap_module_params_on_conversion()
        self._stack.callback(torch.__future__.set_swap_module_params_on_conversion, swap)
        torch.__future__.set_swap_module_params_on_conversion(True)
        # Checkpointing looks up the module of every kind of device.
        self._stack.enter_context(patch.object(torch, NAME, ModuleType(NAME), create=True))
        # Not by `_Functions`, which is out of the way while a checkpoint is computed again.
        self._stack.enter_context(patch.object(functional, "scaled_dot_product_attention", pretend_attention))
        self._stack.enter_context(patch.object(torch, "autocast", pretend_autocast))
        self._stack.enter_context(_Operations(self))
        self._stack.enter_context(_Functions(self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def pin(self, tensor: Tensor) -> Tensor:
        """A copy [...] in page-locked memory, which goes to the device and back without a wait.

        Raises RuntimeError: it lies on the device, as CUDA does.
        """
        if isinstance(tensor, PretendTensor):
            raise RuntimeError(f"cannot pin a tensor of {NAME}:0, only dense CPU tensors can be pinned")
        storage = (copy := tensor.clone()).untyped_storage()
        self._pinned[storage.data_ptr()] = storage
        return copy

    def is_pinned(self, tensor: Tensor) -> bool:
        """Whether a tensor lies in page-locked memory."""
        return not isinstance(tensor, PretendTensor) and tensor.untyped_storage().data_ptr() in self._pinned

    def count(self, operation: Operation, args: Any, kwargs: dict[str, Any], ours: bool, on_device: bool) -> None:
        """Counts an operation."""
        name = operation.name
        if name == "aten::_to_copy" and ours != on_device:
            # A copy to the CPU that may be late gets pinned memory of its own.
            self._count_copy(ours, bool(kwargs.get("non_blocking")) and (ours or self.is_pinned(args[0])))
        elif name == "aten::copy_" and isinstance(args[0], PretendTensor) != isinstance(args[1], PretendTensor):
            late = args[2] if len(args) > 2 else kwargs.get("non_blocking", False)
            self._count_copy(isinstance(args[1], PretendTensor), late and any(map(self.is_pinned, args[:2])))
        elif name in INDEXING:
            self._count_index(args)
        elif name in WAITING:
            self._wait(name.removeprefix("aten::"))
        elif name == "aten::repeat_interleave" and kwargs.get("output_size") is None:
            self._wait("repeat_interleave without output_size")
        if not operation.view and name not in FREE:
            self.launches += 1

    def _count_copy(self, to_cpu: bool, late: bool) -> None:
        if not late:
            self._wait("copy to the CPU" if to_cpu else "copy to the device")

    def _count_index(self, args: Any) -> None:
        """The host must know how many places a mask has, unless one number is written to all of them."""
        indices = [index for index in args[1] if index is not None]
        masks = [index for index in indices if index.dtype in (torch.bool, torch.uint8)]
        number = len(args) > 2 and not isinstance(args[2], PretendTensor)
        if any(not isinstance(index, PretendTensor) for index in indices):
            self._wait("copy of an index to the device")
        if masks and not (number and len(masks) == len(indices)):
            self._wait("index by a mask")
        elif number and not masks:
            self._wait("copy of a number to the device")

    def _wait(self, what: str) -> None:
        self.waits.append(Wait(what, _cause()))


class _Operations(TorchDispatchMode):
    """Runs all operations, those too that make tensors."""

    def __init__(self, gpu: PretendGPU) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.gpu = gpu

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return run(func, args, kwargs or {}, self.gpu.count)


class _Functions(TorchFunctionMode):
    """Replaces functions that torch does not dispatch, or only for devices with storage."""

    def __init__(self, gpu: PretendGPU) -> None:
        super().__init__()
        self.own: dict[Any, Callable[..., Any]] = {
            torch.tensor: _tensor,
            torch.as_tensor: _as_tensor,
            torch.asarray: _as_tensor,
            torch.Tensor.new_tensor: lambda like, data, **options: _tensor(data, **{"device": like.device, **options}),
            torch.Tensor.__getitem__: lambda tensor, index: tensor[_index(tensor, index)],
            torch.Tensor.__setitem__: _set_item,
            torch.Tensor.tolist: lambda tensor: tensor.cpu().tolist(),
            torch.Tensor.numpy: _on_cpu_only(torch.Tensor.numpy),
            torch.Tensor.__array__: _on_cpu_only(torch.Tensor.__array__),
            torch.Tensor.pin_memory: lambda tensor, *_: gpu.pin(tensor),
            torch.Tensor.is_pinned: lambda tensor, *_: gpu.is_pinned(tensor),
        }

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.own.get(func, func)(*args, **(kwargs or {}))


def _tensor(data: Any, *, device: Any = None, requires_grad: bool = False, **options: Any) -> Tensor:
    if not is_pretend(device):
        return torch.tensor(data, device=device, requires_grad=requires_grad, **options)
    return torch.tensor(data, **options).to(device).requires_grad_(requires_grad)


def _as_tensor(data: Any, dtype: Any = None, device: Any = None, **options: Any) -> Tensor:
    made = data if isinstance(data, PretendTensor) else torch.as_tensor(data, dtype=dtype)
    return made.to(device if device is not None else made.device, dtype or made.dtype)


def _on_cpu_only(function: Callable[..., Any]) -> Callable[..., Any]:
    def convert(tensor: Tensor, *args: Any, **options: Any) -> Any:
        if isinstance(tensor, PretendTensor):
            raise TypeError(f"can't convert {NAME}:0 device type tensor to numpy; use Tensor.cpu() first")
        return function(tensor, *args, **options)

    return convert


def _index(tensor: Tensor, index: Any) -> Any:
    """An index whose lists are CPU tensors, as torch makes them."""
    if not isinstance(tensor, PretendTensor):
        return index
    if isinstance(index, tuple):
        return tuple(torch.tensor(part) if isinstance(part, list) else part for part in index)
    return torch.tensor(index) if isinstance(index, list) else index


def _set_item(tensor: Tensor, index: Any, value: Any) -> None:
    if isinstance(tensor, PretendTensor) and not isinstance(value, Tensor):
        value = torch.tensor(value, dtype=tensor.dtype)
    tensor[_index(tensor, index)] = value


def _cause() -> str:
    """The innermost line outside of torch, and where that is another library's, the project's that led there."""
    frame: FrameType | None = sys._getframe(1)
    library = ""
    while frame is not None:
        name = frame.f_code.co_filename
        line = f"{name.removeprefix(f'{ROOT}/').rpartition('site-packages/')[2]}:{frame.f_lineno}"
        if name.startswith(PROJECT):
            return f"{library} from {line}" if library else line
        if not library and not any(part in name for part in NOT_THE_CAUSE):
            library = line
        frame = frame.f_back
    return library
