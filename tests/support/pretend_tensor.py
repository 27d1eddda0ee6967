"""Tensors with a device of their own whose values live on the CPU; mixing devices raises where CUDA would raise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from torch import Tensor

#: A kind of device that torch knows, that needs no hardware, and whose backward pass runs in the calling thread.
#: (A device registered under an own name would have to be there before the process's first backward pass.)
NAME = "lazy"
DEVICE = torch.device(NAME, 0)

INDEXING = {"aten::index", "aten::_unsafe_index", "aten::index_put", "aten::index_put_", "aten::_index_put_impl_"}
COPYING = {"aten::copy_", "aten::_to_copy"}
#: Operations that are not elementwise and still take a tensor without axes from the CPU.
TAKE_NUMBERS = INDEXING | {"aten::fill_", "aten::masked_fill", "aten::masked_fill_", "aten::index_fill_"}


class PretendTensor(torch.Tensor):
    """A tensor on the pretend GPU; `raw` is the CPU tensor with its values."""

    raw: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    @staticmethod
    def __new__(cls, raw: Tensor) -> PretendTensor:
        """Wraps a CPU tensor."""
        made: PretendTensor = torch.Tensor._make_wrapper_subclass(
            cls, raw.shape, strides=raw.stride(), storage_offset=raw.storage_offset(), dtype=raw.dtype, device=DEVICE
        )
        made.raw = raw
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"pretend({self.raw})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Runs an operation outside of a PretendGPU."""
        return run(func, args, kwargs or {})


def is_pretend(where: Any) -> bool:
    """Whether a device, or its name, is the pretend GPU."""
    return where is not None and not isinstance(where, int) and torch.device(where).type == NAME


@dataclass(frozen=True)
class Operation:
    """What the schema of an operation says: its name, and which arguments (place, name) it writes and returns."""

    name: str
    view: bool
    elementwise: bool
    written: tuple[tuple[int, str], ...]

    @classmethod
    @cache
    def of(cls, func: Any) -> Operation:
        """Reads the schema of an operator overload."""
        schema = func._schema
        returned = {label for made in schema.returns if made.alias_info for label in made.alias_info.before_set}
        written = tuple(
            (place, argument.name)
            for place, argument in enumerate(schema.arguments)
            if argument.alias_info and argument.alias_info.is_write and returned & set(argument.alias_info.before_set)
        )
        return cls(schema.name, func.is_view, torch.Tag.pointwise in func.tags, written)


Counter = Callable[[Operation, Any, dict[str, Any], bool, bool], None]


def run(func: Any, args: Any, kwargs: dict[str, Any], count: Counter | None = None) -> Any:
    """Computes an operation on the CPU and wraps what belongs on the device.

    `count` is called with the operation, its arguments, whether any of them is on the device, and whether results are.

    Raises:
        RuntimeError: it mixes devices, or draws on the device with the CPU's generator.
        NotImplementedError: it changes a shape in place.
    """
    tensors = list(_tensors((args, *kwargs.values())))
    ours, where = any(isinstance(tensor, PretendTensor) for tensor in tensors), kwargs.get("device")
    on_device = ours if where is None else is_pretend(where)
    if not (ours or on_device):
        return func(*args, **kwargs)
    operation = Operation.of(func)
    written = [args[place] if place < len(args) else kwargs[name] for place, name in operation.written]
    if operation.name not in COPYING:
        _check(operation, args, kwargs, tensors, written)
    if count is not None:
        count(operation, args, kwargs, ours, on_device)
    if on_device and where is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    result = func(*_map(_raw, args), **{name: _map(_raw, value) for name, value in kwargs.items()})
    if not written:
        return _map(PretendTensor, result) if on_device else result
    if any(isinstance(tensor, PretendTensor) and tensor.shape != tensor.raw.shape for tensor in written):
        raise NotImplementedError(f"{func} changes a shape in place; the pretend GPU cannot")
    return written[0] if len(written) == 1 else tuple(written)


def _check(
    operation: Operation, args: Any, kwargs: dict[str, Any], tensors: list[Tensor], written: list[Tensor]
) -> None:
    generator = kwargs.get("generator")
    if generator is not None and generator.device.type != NAME:
        raise RuntimeError(f"Expected a '{NAME}' device type for generator but found '{generator.device.type}'")
    indices = args[1] if operation.name in INDEXING and isinstance(args[0], PretendTensor) else ()
    takes_numbers = operation.elementwise or operation.name in TAKE_NUMBERS
    for tensor in tensors:
        if isinstance(tensor, PretendTensor) or any(tensor is index for index in indices):
            continue
        if tensor.ndim or not takes_numbers or any(tensor is own for own in written):
            raise RuntimeError(
                f"Expected all tensors to be on the same device, but found at least two devices, {DEVICE} and cpu!"
                f" ({operation.name} with a CPU tensor of shape {tuple(tensor.shape)})"
            )


def _tensors(values: Any) -> Iterator[Tensor]:
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from _tensors(value)


def _map(function: Callable[[Tensor], Any], value: Any) -> Any:
    if isinstance(value, Tensor):
        return function(value)
    return type(value)([_map(function, part) for part in value]) if type(value) in (list, tuple) else value


def _raw(tensor: Tensor) -> Tensor:
    return tensor.raw if isinstance(tensor, PretendTensor) else tensor
