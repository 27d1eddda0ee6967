"""A pretend GPU: tensors with a device of their own whose values live on the CPU, and what they would cost on a GPU.

Inside `with PretendGPU() as gpu`, the device "pretend:0" works as "cuda:0" would: mixing its tensors with the CPU's
raises, but for what CUDA allows. `gpu.waits` lists what would make the host wait for a GPU, `gpu.launches` counts
kernels. Kernels that CUDA lacks, memory, streams and speed cannot be seen here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

#: A kind of device that torch knows, that needs no hardware, and whose backward pass runs in the calling thread.
NAME = "lazy"
DEVICE = torch.device(NAME, 0)
ROOT = Path(__file__).parents[2]
PROJECT = tuple(f"{ROOT / folder}/" for folder in ("methods", "datamodules", "benchmark"))
LIBRARIES = ("/torch/", "/contextlib.py", "/functools.py", __file__)

#: Operations whose result the host must know before it can go on.
WAITING = {
    f"aten::{name}"
    for name in (
        *("_local_scalar_dense", "equal", "is_nonzero", "nonzero", "masked_select", "bincount", "_linalg_check_errors"),
        *("_unique", "_unique2", "unique_dim", "unique_consecutive", "unique_dim_consecutive"),
    )
}
#: Operations without a kernel, beside views.
FREE = {
    f"aten::{name}"
    for name in (
        *("_local_scalar_dense", "_unsafe_view", "detach", "lift_fresh", "is_same_size", "equal"),
        *("empty", "empty_like", "empty_strided", "new_empty", "new_empty_strided"),
    )
}
INDEXING = {"aten::index", "aten::_unsafe_index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}
#: Operations that are not elementwise and still take one number from the CPU.
TAKE_NUMBERS = INDEXING | {"aten::fill_", "aten::masked_fill", "aten::masked_fill_", "aten::index_fill_"}


@dataclass(frozen=True)
class Wait:
    """One wait for the device: the operation, and the line `file:number` of the project that caused it."""

    what: str
    where: str


class PretendTensor(torch.Tensor):
    """A tensor on the pretend GPU; `raw` is the CPU tensor with its values."""

    raw: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, raw: Tensor) -> PretendTensor:
        """Wraps a CPU tensor."""
        made: PretendTensor = torch.Tensor._make_wrapper_subclass(
            cls, raw.shape, strides=raw.stride(), storage_offset=raw.storage_offset(), dtype=raw.dtype, device=DEVICE
        )
        made.raw = raw
        return made

    def __repr__(self, *, tensor_contents: Any = None) -> str:  # type: ignore[override]
        return f"pretend({self.raw})"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs an operation outside of a PretendGPU, or with it paused: computed, not counted."""
        return _run(func, args, kwargs or {}, None)


def is_pretend(where: Any) -> bool:
    """Whether a device, its name or None means the pretend GPU."""
    return where is not None and not isinstance(where, int) and torch.device(where).type == NAME


class PretendGPU:
    """The pretend GPU and its counts; a context manager that leaves no patch behind."""

    def __init__(self) -> None:
        self.device = DEVICE
        self.waits: list[Wait] = []
        self.launches = 0
        self._pinned: dict[int, Any] = {}
        self._modes = (_Dispatch(self), _Functions(self))

    def __enter__(self) -> PretendGPU:
        # On a GPU, Module.to changes what its parameters hold; of a wrapper it would make new ones.
        self._swap = torch.__future__.get_swap_module_params_on_conversion()
        torch.__future__.set_swap_module_params_on_conversion(True)
        for mode in self._modes:
            mode.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for mode in reversed(self._modes):
            mode.__exit__(kind, error, trace)
        torch.__future__.set_swap_module_params_on_conversion(self._swap)

    def wait(self, what: str) -> None:
        """Notes a wait."""
        self.waits.append(Wait(what, _where()))

    def pin(self, tensor: Tensor) -> Tensor:
        """A copy [...] in page-locked memory, which can go to the device without a wait."""
        copy = tensor.clone()
        storage = copy.untyped_storage()
        self._pinned[storage.data_ptr()] = storage
        return copy

    def is_pinned(self, tensor: Tensor) -> bool:
        """Whether a CPU tensor is in page-locked memory."""
        return not isinstance(tensor, PretendTensor) and tensor.untyped_storage().data_ptr() in self._pinned


class _Dispatch(TorchDispatchMode):
    """Sees all operations, those that make tensors too."""

    def __init__(self, gpu: PretendGPU) -> None:
        super().__init__()
        self.gpu = gpu

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {}, self.gpu)


def _run(func: Any, args: Any, kwargs: dict[str, Any], gpu: PretendGPU | None) -> Any:
    """One operation: checks devices, counts, computes on the CPU and wraps what belongs on the device."""
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
    ours = [tensor for tensor in tensors if isinstance(tensor, PretendTensor)]
    where = kwargs.get("device")
    on_device = bool(ours) if where is None else is_pretend(where)
    if ours or on_device:
        _check(func, args, kwargs, tensors, on_device)
        if gpu is not None:
            _count(gpu, func, args, kwargs, bool(ours), on_device)
        if on_device and where is not None:
            kwargs = {**kwargs, "device": torch.device("cpu")}
    result = func(*tree_map(_raw, args), **tree_map(_raw, kwargs))
    if not (ours or on_device):
        return result
    if written := _written(func, args, kwargs):
        return written[0] if len(written) == 1 else tuple(written)
    return tree_map(lambda leaf: PretendTensor(leaf) if on_device and isinstance(leaf, Tensor) else leaf, result)


def _raw(leaf: Any) -> Any:
    return leaf.raw if isinstance(leaf, PretendTensor) else leaf


def _written(func: Any, args: Any, kwargs: dict[str, Any]) -> list[Tensor]:
    """The arguments that an operation in place, or with `out`, wrote and returns."""
    names = {info for made in func._schema.returns if made.alias_info for info in made.alias_info.before_set}
    found = []
    for place, wanted in enumerate(func._schema.arguments):
        if wanted.alias_info and wanted.alias_info.is_write and names & set(wanted.alias_info.before_set):
            written = args[place] if place < len(args) else kwargs[wanted.name]
            if isinstance(written, PretendTensor) and written.shape != written.raw.shape:
                raise NotImplementedError(f"{func} changes a shape in place; the pretend GPU cannot")
            found.append(written)
    return found


def _check(func: Any, args: Any, kwargs: dict[str, Any], tensors: list[Tensor], on_device: bool) -> None:
    """Raises where CUDA would.

    Raises:
        RuntimeError: an operation mixes devices, or draws on the device with the CPU's generator.
    """
    name = func._schema.name
    generator = kwargs.get("generator")
    if on_device and generator is not None and generator.device.type != NAME:
        raise RuntimeError(f"Expected a '{NAME}' device type for generator but found '{generator.device.type}'")
    if name in ("aten::copy_", "aten::_to_copy"):
        return
    indices = args[1] if name in INDEXING and isinstance(args[0], PretendTensor) else ()
    numbers = torch.Tag.pointwise in func.tags or name in TAKE_NUMBERS
    writes_cpu = func._schema.is_mutable and isinstance(args[0] if args else None, Tensor) and not on_args(args[0])
    for tensor in tensors:
        if isinstance(tensor, PretendTensor) or any(tensor is index for index in indices):
            continue
        if writes_cpu or tensor.ndim or not numbers:
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, {NAME}:0 and cpu!"
                f" ({name}, CPU tensor of shape {tuple(tensor.shape)})"
            )


def on_args(tensor: Tensor) -> bool:
    return isinstance(tensor, PretendTensor)


def _count(gpu: PretendGPU, func: Any, args: Any, kwargs: dict[str, Any], ours: bool, on_device: bool) -> None:
    name = func._schema.name
    if name == "aten::_to_copy" and ours != on_device:
        if not (kwargs.get("non_blocking") and (ours or gpu.is_pinned(args[0]))):
            gpu.wait("copy to the CPU" if ours else "copy to the device")
    elif name == "aten::copy_" and isinstance(args[0], PretendTensor) != isinstance(args[1], PretendTensor):
        non_blocking = args[2] if len(args) > 2 else kwargs.get("non_blocking", False)
        if not (non_blocking and (gpu.is_pinned(args[0]) or gpu.is_pinned(args[1]))):
            gpu.wait("copy to the CPU" if isinstance(args[1], PretendTensor) else "copy to the device")
    elif name in INDEXING:
        _count_index(gpu, args)
    elif name in WAITING:
        gpu.wait(name.removeprefix("aten::"))
    elif name == "aten::repeat_interleave" and kwargs.get("output_size") is None:
        gpu.wait("repeat_interleave without output_size")
    if not func.is_view and name not in FREE:
        gpu.launches += 1


def _count_index(gpu: PretendGPU, args: Any) -> None:
    """A mask is turned into places, whose number the host must know, unless a number is written where it is True."""
    indices = [index for index in args[1] if index is not None]
    masks = [index for index in indices if index.dtype in (torch.bool, torch.uint8)]
    number = len(args) > 2 and not isinstance(args[2], PretendTensor)
    if any(not isinstance(index, PretendTensor) for index in indices):
        gpu.wait("copy of an index to the device")
    if masks and not (number and len(masks) == len(indices)):
        gpu.wait("index by a mask")
    elif number and not masks:
        gpu.wait("copy of a number to the device")


class _Functions(TorchFunctionMode):
    """Functions that torch does not dispatch as operations, or not on devices that it does not know."""

    def __init__(self, gpu: PretendGPU) -> None:
        super().__init__()
        own: dict[Any, Callable[..., Any]] = {
            torch.tensor: _tensor,
            torch.as_tensor: _as_tensor,
            torch.asarray: _as_tensor,
            torch.Tensor.new_tensor: lambda like, data, **options: _tensor(data, **{"device": like.device, **options}),
            torch.Tensor.__getitem__: lambda tensor, index: tensor[_index(tensor, index)],
            torch.Tensor.__setitem__: _set_item,
            torch.Tensor.numpy: _refuse_numpy(torch.Tensor.numpy),
            torch.Tensor.__array__: _refuse_numpy(torch.Tensor.__array__),
            torch.Tensor.tolist: lambda tensor: tensor.cpu().tolist(),
            torch.Tensor.pin_memory: lambda tensor, *_: gpu.pin(tensor),
            torch.Tensor.is_pinned: lambda tensor, *_: gpu.is_pinned(tensor),
        }
        self.own = own

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return self.own.get(func, func)(*args, **(kwargs or {}))


def _tensor(data: Any, *, device: Any = None, **options: Any) -> Tensor:
    if not is_pretend(device):
        return torch.tensor(data, device=device, **options)
    needs_grad = options.pop("requires_grad", False)
    return torch.tensor(data, **options).to(device).requires_grad_(needs_grad)


def _as_tensor(data: Any, dtype: Any = None, device: Any = None, **options: Any) -> Tensor:
    made = data if isinstance(data, PretendTensor) else torch.as_tensor(data, dtype=dtype)
    return made.to(device if device is not None else made.device, dtype or made.dtype)


def _refuse_numpy(function: Callable[..., Any]) -> Callable[..., Any]:
    def convert(tensor: Tensor, *args: Any, **options: Any) -> Any:
        if isinstance(tensor, PretendTensor):
            raise TypeError(f"can't convert {NAME}:0 device type tensor to numpy; use Tensor.cpu() first")
        return function(tensor, *args, **options)

    return convert


def _index(tensor: Tensor, index: Any) -> Any:
    """Lists in an index become CPU tensors, as torch would make them."""
    if isinstance(tensor, PretendTensor):
        if isinstance(index, tuple):
            return tuple(torch.tensor(part) if isinstance(part, list) else part for part in index)
        return torch.tensor(index) if isinstance(index, list) else index
    return index


def _set_item(tensor: Tensor, index: Any, value: Any) -> None:
    if isinstance(tensor, PretendTensor) and not isinstance(value, Tensor):
        value = torch.tensor(value, dtype=tensor.dtype)
    tensor[_index(tensor, index)] = value


def _where() -> str:
    """The innermost line outside of torch and this file, and, where that is a library's, the project's that led there."""
    frame, library = sys._getframe(1), ""
    while frame is not None:
        name = frame.f_code.co_filename
        line = f"{name.removeprefix(f'{ROOT}/').rpartition('site-packages/')[2]}:{frame.f_lineno}"
        if name.startswith(PROJECT):
            return f"{library} from {line}" if library else line
        if not library and not any(part in name for part in LIBRARIES):
            library = line
        frame = frame.f_back
    return library
