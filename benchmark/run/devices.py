"""Which devices a user means."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from benchmark.errors import BadInput

#: Workers on one GPU for small models, whose packs spend their time on starting operations.
SIDE_BY_SIDE = 4


def parse_devices(text: str, small: bool = False, packs: int = 1) -> list[str]:
    """`auto`, `cpu:2` (two workers) or GPU numbers `0,1` (twice the same: two workers on it) to one name per worker.

    `auto` takes every GPU, else the CPU. For `small` models and files of features, whose packs fill neither a GPU nor
    several cores, it takes several workers on each GPU, or one per core. There are no more workers than packs. Raises
    BadInput: not written like that, or a GPU that this machine does not have.
    """
    import torch

    gpus = torch.cuda.device_count()
    devices = _workers(text, small, gpus)
    missing = [name for name in dict.fromkeys(devices) if name != "cpu" and int(name.removeprefix("cuda:")) >= gpus]
    if missing:
        there = f"has GPUs 0 to {gpus - 1}" if gpus else "has no GPU; use devices=cpu"
        numbers = ", ".join(name.removeprefix("cuda:") for name in missing)
        raise BadInput(f"GPU {numbers} does not exist; this machine {there}")
    return devices[:packs]


def keep_to(device: str) -> str:
    """The same device; a GPU is from now on the one of what names none, such as page-locked memory, not the first."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.set_device(device)
    return device


def planned_workers(text: str, small: bool) -> int:
    """How many workers `text` asks for, found without torch: `auto` counts as on a machine without a GPU.

    Raises BadInput: not written as `parse_devices` reads it.
    """
    return len(_workers(text, small, 0))


def _workers(text: str, small: bool, gpus: int) -> list[str]:
    if text == "auto" and gpus:
        side_by_side = max(1, min(SIDE_BY_SIDE, cores() // gpus)) if small else 1
        return [f"cuda:{number}" for number in range(gpus)] * side_by_side
    if text == "auto":
        text = f"cpu:{cores()}" if small else "cpu"
    kind, _, count = text.partition(":")
    if kind == "cpu":
        if count and not (count.isdecimal() and int(count) > 0):
            raise BadInput(f"devices {text!r} should be cpu:N with N workers, at least 1")
        return ["cpu"] * int(count or 1)
    numbers = [part.strip() for part in text.split(",")]
    if not all(number.isdecimal() for number in numbers):
        raise BadInput(f"devices {text!r} should be auto, cpu, cpu:2 or GPU numbers like 0,1")
    return [f"cuda:{int(number)}" for number in numbers]


def trainer_device(device: str) -> dict[str, Any]:
    """The arguments of a `lightning.Trainer` that trains on this device, `cpu` or `cuda:N`."""
    kind, _, number = device.partition(":")
    return {"accelerator": "cpu", "devices": 1} if kind == "cpu" else {"accelerator": kind, "devices": [int(number)]}


def device_name(device: str) -> str:
    """What a record calls this device: "cpu", or the model of the GPU."""
    import torch

    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


def threads_per_worker(devices: Sequence[str]) -> int:
    """CPU threads for each worker, so that several share the cores; 0 leaves torch its own choice."""
    workers = list(devices).count("cpu")
    return 0 if workers < 2 else max(1, cores() // workers)


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
