"""A bench that is killed, runs out of disk or finds damage ends, run again, with the bytes of an undisturbed one."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from tests.support.faults import FAULTS, campaign

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


def trial(kinds: list[str], seed: int) -> None:
    said: list[str] = []
    tried, survived = campaign(len(kinds), seed, kinds, said.append)
    assert tried == Counter(kinds)
    assert survived == tried, "\n".join(said)


def test_killed_and_damaged_benches_end_with_the_same_leaderboard() -> None:
    trial(["SIGKILL to the group", "damaged records", "damaged feature shards"], seed=3)


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_every_kind_of_fault_is_survived(kind: str) -> None:
    trial([kind], seed=5)
