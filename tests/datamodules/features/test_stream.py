"""Pictures are decoded ahead of time, in order, and never too many."""

from __future__ import annotations

import threading

import pytest
import torch

from datamodules.features.stream import batched, decoded, sent
from tests.support.pretend_gpu import PretendGPU


def test_pictures_come_in_order_whatever_order_threads_finish_in() -> None:
    assert list(decoded(lambda i: i * i, range(1000))) == [i * i for i in range(1000)]


def test_decoding_runs_only_a_bounded_number_of_pictures_ahead() -> None:
    started, lock = [0], threading.Lock()

    def decode(index: int) -> int:
        with lock:
            started[0] += 1
        return index

    for taken in decoded(decode, range(10_000)):
        assert started[0] <= taken + 8 * 17


def test_an_error_in_a_thread_reaches_the_reader() -> None:
    with pytest.raises(ZeroDivisionError):
        list(decoded(lambda i: 1 // (i - 40), range(100)))


@pytest.mark.parametrize("sizes", [[1] * 10, [7, 3], [3, 3, 4], [10], [25], []])
def test_batches_have_one_size_and_keep_every_row_in_order(sizes: list[int]) -> None:
    rows = torch.arange(1.0, sum(sizes) + 1)[:, None]
    batches = list(batched(rows.split(sizes) if sizes else [], 4))
    assert all(len(batch) == 4 for batch in batches)
    together = torch.cat([rows[:0], *batches])
    assert torch.equal(together[: len(rows)], rows)
    assert not together[len(rows) :].any()
    assert len(together) - len(rows) < 4


def test_what_lies_on_a_gpu_is_not_pinned_where_the_device_is_named_without_its_number() -> None:
    with PretendGPU() as gpu:
        there = sent(torch.arange(3), gpu.device)
        assert sent(there, torch.device(gpu.device.type)).device == gpu.device
        assert not gpu.waits
