"""Random numbers of a replica come from its seed and a purpose alone."""

from __future__ import annotations

import torch

from tests.support import toy


def drawn(seeds: list[int], replica: int, purpose: str) -> list[float]:
    found: list[float] = torch.rand(4, generator=toy.task(seeds).generator(replica, purpose)).tolist()
    return found


def test_a_replica_draws_the_same_wherever_it_stands() -> None:
    assert drawn([3, 4], 1, "init") == drawn([4], 0, "init") == drawn([9, 8, 4], 2, "init")


def test_another_seed_or_purpose_draws_other_numbers_and_nothing_global_counts() -> None:
    first = drawn([3, 4], 0, "init")
    assert first != drawn([3, 4], 1, "init") and first != drawn([3, 4], 0, "mixer")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(99)
        assert drawn([3, 4], 0, "init") == first


def test_a_seed_and_a_purpose_that_ends_in_a_digit_are_not_mixed_up() -> None:
    assert drawn([1], 0, "1/init") != drawn([11], 0, "init")
