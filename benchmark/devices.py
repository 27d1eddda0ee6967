"""Which devices a user means."""

from __future__ import annotations

import os

from benchmark.errors import BadInput


def parse_devices(text: str) -> list[str]:
    """`auto`, `cpu`, `cpu:2` (two workers), or GPU numbers `0,1` to one device name per worker.

    Raises:
        BadInput: not written like that, or a GPU that this machine does not have.
    """
    import torch

    gpus = torch.cuda.device_count()
    if text == "auto":
        return [f"cuda:{number}" for number in range(gpus)] or ["cpu"]
    kind, _, count = text.partition(":")
    if kind == "cpu":
        if count and not (count.isdigit() and int(count) > 0):
            raise BadInput(f"devices {text!r} should be cpu:N with N workers, at least 1")
        return ["cpu"] * int(count or 1)
    numbers = [part.strip() for part in text.split(",")]
    if not all(number.isdigit() for number in numbers):
        raise BadInput(f"devices {text!r} should be auto, cpu, cpu:2 or GPU numbers like 0,1")
    missing = [number for number in numbers if int(number) >= gpus]
    if missing:
        there = f"has GPUs 0 to {gpus - 1}" if gpus else "has no GPU; use devices=cpu"
        raise BadInput(f"GPU {', '.join(missing)} does not exist; this machine {there}")
    return [f"cuda:{number}" for number in numbers]


def threads_per_worker(devices: list[str]) -> int:
    """CPU threads for each worker, so that several share the cores; 0 leaves torch its own choice."""
    workers = devices.count("cpu")
    return 0 if workers < 2 else max(1, _cores() // workers)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
