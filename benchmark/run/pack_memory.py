"""How much memory a pack's training takes, and how much there is."""

from __future__ import annotations

import math
import weakref
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark.plan.gpu_hours import SHARE
from methods.core.module import RunsModule, class_weights


class AllocatedBytes(TorchDispatchMode):
    """Counts the bytes of tensors that come to life inside it: `now`, and at most, `peak`.

    What an operation allocates and frees within itself is not seen.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.now: int = 0
        self.peak: int = 0
        self._known: weakref.WeakSet[Any] = weakref.WeakSet()

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Runs the operation and notes what it made."""
        result = function(*args, **(kwargs or {}))
        if not any(made.alias_info for made in function._schema.returns):
            for leaf in tree_leaves(result):
                if isinstance(leaf, Tensor):
                    self._note(leaf.untyped_storage())
        return result

    def _note(self, storage: Any) -> None:
        if storage in self._known:
            return
        self._known.add(storage)
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._forget, storage.nbytes())

    def _forget(self, size: int) -> None:
        self.now -= size


def text_pass_bytes(module: RunsModule) -> int:
    """The most memory that one text pass of a pack takes, forward and backward, without computing anything."""
    counter = AllocatedBytes()
    with FakeTensorMode(allow_non_fake_inputs=True), counter:
        if weights := [part.flatten() for part in class_weights(module.members) if part.requires_grad]:
            torch.autograd.grad(torch.cat(weights).sum(), list(module.parameters()), allow_unused=True)
    return counter.peak


class TooLarge(Exception):
    """A pack that does not fit into memory; `parts` says into how many equal ones to cut it."""

    def __init__(self, parts: int) -> None:
        super().__init__(f"the pack does not fit into memory; in {parts} parts it does")
        self.parts = parts


def fit_memory(module: RunsModule, device: str, sharing: int = 1) -> None:
    """Checks that a pack fits into memory; one run that does not gets its classes a few at a time, computed twice.

    `sharing` counts the workers that share the device's memory. Raises TooLarge: several runs that do not fit together.
    """
    task = module.members[0].task
    if towers := task.backbone.has_towers:
        task.backbone.text.classes_at_once = 0
    free = free_bytes(device)
    parts = _parts(module, None if free is None else free // sharing)
    if parts > 1 and module.run_count > 1:
        raise TooLarge(min(parts, module.run_count))
    if parts > 1 and towers:
        task.backbone.text.classes_at_once = math.ceil(len(task.classes) / parts)


def _parts(module: RunsModule, free: int | None) -> int:
    if free is None or _at_most(module) < SHARE * free:
        return 1
    return math.ceil(text_pass_bytes(module) / max(1, SHARE * free)) or 1


def _at_most(module: RunsModule) -> float:
    """A generous bound that is known at once: forty floats per prompt token, layer and unit of width."""
    total = 0.0
    for member in module.members:
        prompt = member.prompt()
        if prompt is None:
            total += 40.0 * sum(4 * parameter.numel() for parameter in member.parameters())
        else:
            tokens = len(prompt.ctx) * prompt.layout.slots.numel()
            total += 40.0 * 4 * tokens * prompt.ctx.shape[-1] * len(member.task.backbone.text.transformer.resblocks)
    return total


def free_bytes(device: str) -> int | None:
    """Memory that a pack may take on `device`, also under a container's limit; None where the system does not tell."""
    if device.startswith("cuda"):
        free, _ = torch.cuda.mem_get_info(device)
        held = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(free) + held
    limits = [found for found in (_available(), _container()) if found is not None]
    return min(limits) if limits else None


def _available() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration, ValueError):
        return None


def _container() -> int | None:
    """What the control group that we are in leaves, version 2."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit, used = (int((folder / name).read_text(encoding="ascii")) for name in ("memory.max", "memory.current"))
    except (OSError, ValueError):
        return None
    return max(0, limit - used)
