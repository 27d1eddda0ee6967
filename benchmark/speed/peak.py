"""What a computation needs: floating-point operations, memory, and the machine's own limit for products."""

from __future__ import annotations

import statistics
from functools import cache

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmark.run.pack_memory import AllocatedBytes
from benchmark.speed.clock import Work, timed


@cache
def matmul_peak(device: str, dtype: torch.dtype, size: int = 0) -> float:
    """Operations per second of a large product of two matrices, the median of five."""
    size = size or (1536 if device == "cpu" else 8192)
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    torch.mm(a, b)
    return 2.0 * size * size * size / statistics.median(timed(lambda: torch.mm(a, b), device) for _ in range(5))


def operations(work: Work) -> int:
    """Floating-point operations of all products and convolutions in `work`, forward and backward.

    Attention is taken apart meanwhile: torch's counter does not see into its fused kernels.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
            work()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return int(counter.get_total_flops())


def peak_bytes(work: Work, device: str) -> int:
    """The most memory that tensors made by `work` take at one time."""
    if device == "cpu":
        counter = AllocatedBytes()
        with counter:
            work()
        return counter.peak
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    work()
    torch.cuda.synchronize(device)
    return int(torch.cuda.max_memory_allocated(device) - before)
