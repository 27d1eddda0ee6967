"""Random numbers depend on seed and purpose alone."""

from __future__ import annotations

import numpy as np
import pytest

from datamodules.seeds import rng


def test_a_stream_is_the_same_on_every_machine() -> None:
    assert rng(1, "views", 3).integers(0, 1000, 5).tolist() == [977, 269, 637, 912, 925]


def test_seed_purpose_and_further_numbers_each_change_the_stream() -> None:
    streams = [rng(1, "a"), rng(2, "a"), rng(1, "b"), rng(1, "a", 0), rng(1, "a", 1), rng(11, "a"), rng(1, "a", 1, 1)]
    assert len({stream.integers(0, 2**62) for stream in streams}) == len(streams)


def test_seed_0_is_an_ordinary_seed_and_the_global_state_plays_no_part() -> None:
    np.random.seed(0)
    first = rng(0, "a").random()
    np.random.seed(1)
    assert rng(0, "a").random() == first != rng(1, "a").random()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        rng(-1, "a")
