"""Input pipeline of the encoder: images decoded ahead in threads and collected in batches of one size."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from torch import Tensor

T = TypeVar("T")
BLOCK = 8
AHEAD = 16


def decoded(function: Callable[[int], T], indices: Sequence[int]) -> Iterator[T]:
    """Yields `function` of each index, in order, computed in threads at most 128 indices ahead.

    >>> list(decoded(lambda index: index**2, [3, 1, 2]))
    [9, 1, 4]
    """
    if len(indices) <= BLOCK:  # one thread's work, which needs no other
        yield from map(function, indices)
        return
    blocks = [indices[first : first + BLOCK] for first in range(0, len(indices), BLOCK)]
    with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
        waiting: deque[Future[list[T]]] = deque()
        for block in blocks:
            waiting.append(pool.submit(lambda own: [function(index) for index in own], block))
            if len(waiting) >= AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on `device`; the host goes on while it is copied from page-locked memory."""
    if tensor.device.type != "cpu" or device.type == "cpu":  # "cuda" is not equal to "cuda:0", where it lies
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def batched(parts: Iterable[Tensor], size: int) -> Iterator[Tensor]:
    """Yields the rows of `parts` [k, ...] in batches [size, ...], the last one padded with zeros.

    As all batches have the same shape, an image's features do not depend on the number of images.

    >>> [batch.tolist() for batch in batched([torch.tensor([1, 2, 3])], size=2)]
    [[1, 2], [3, 0]]
    """
    kept: list[Tensor] = []
    rows = 0
    for part in parts:
        kept.append(part)
        rows += len(part)
        if rows >= size:
            whole = torch.cat(kept)
            yield from (whole[first : first + size] for first in range(0, rows - size + 1, size))
            kept = [whole[rows - rows % size :]]
            rows %= size
    if rows:
        last = torch.cat(kept)
        yield torch.cat([last, last.new_zeros(size - rows, *last.shape[1:])])
