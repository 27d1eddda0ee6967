"""A bench that is killed, runs out of disk or finds damage ends, run again, with the bytes of an undisturbed one."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from benchmark.__main__ import main
from tests.support.faults import FAULTS, GRID, campaign, damage, records, send, start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")


def bench(out: Path) -> bytes:
    """The leaderboard of the small grid."""
    assert main(["bench", *GRID, f"--out={out}"]) == 0
    return (out / "leaderboard.csv").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    bench(out)
    return out


def test_a_bench_whose_processes_are_killed_keeps_its_records_and_ends_with_the_same_leaderboard(
    undisturbed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    session = start(out)
    while not records(out) and session.process.poll() is None:
        time.sleep(0.05)
    send(session.pick("group", Random(0)), signal.SIGKILL)
    session.finish()
    finished = records(out)
    assert finished, (tmp_path / "out.log").read_text()
    assert bench(out) == (undisturbed / "leaderboard.csv").read_bytes()
    assert {path: records(out).get(path) for path in finished} == finished


@pytest.mark.parametrize("seed", range(3))
def test_damaged_records_are_done_again_and_the_leaderboard_is_the_same(
    undisturbed: Path, tmp_path: Path, seed: int
) -> None:
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    damage(out, Random(seed))
    assert bench(out) == (undisturbed / "leaderboard.csv").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(FAULTS))
def test_every_kind_of_fault_is_survived(kind: str) -> None:
    said: list[str] = []
    tried, survived = campaign(1, 5, [kind], said.append)
    assert tried == survived == Counter([kind]), "\n".join(said)
