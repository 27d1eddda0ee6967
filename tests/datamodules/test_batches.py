"""Batches as CoOp's loader makes them."""

from __future__ import annotations

import numpy as np

from datamodules.order import epoch_batches
from datamodules.seeds import rng


def test_the_last_partial_batch_is_dropped() -> None:
    batches = epoch_batches(70, 32, rng(1, "order", 0))
    assert batches.shape == (2, 32)
    assert len(set(batches.ravel().tolist())) == 64


def test_fewer_images_than_a_batch_make_one_batch() -> None:
    batches = epoch_batches(5, 8, rng(1, "order", 0))
    assert sorted(batches[0, :5].tolist()) == [0, 1, 2, 3, 4]
    assert batches[0, 5:].tolist() == [-1, -1, -1]


def test_no_images_make_no_batch() -> None:
    assert epoch_batches(0, 8, rng(1, "order", 0)).shape == (0, 8)


def test_every_epoch_and_every_seed_has_its_own_order() -> None:
    orders = [epoch_batches(64, 32, rng(seed, "order", epoch)) for seed in (0, 1) for epoch in (0, 1)]
    assert len({order.tobytes() for order in orders}) == 4
    assert np.array_equal(orders[0], epoch_batches(64, 32, rng(0, "order", 0)))
