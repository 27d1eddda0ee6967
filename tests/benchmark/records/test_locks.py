"""Locks on packs: one process trains a pack at a time, and death frees it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from benchmark.records.locks import Locks, lock_name
from tests.support.records_factory import run

HOLDER = (
    "import sys, time; from pathlib import Path\n"
    "from benchmark.records.locks import Locks\n"
    "from tests.support.records_factory import run\n"
    "with Locks(Path(sys.argv[1])).lock([run(seed=1), run(seed=2)]) as ours:\n"
    "    print(ours, flush=True); time.sleep(60)"
)


def hold(out: Path) -> subprocess.Popen[str]:
    """Another process that holds the runs of seeds 1 and 2."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-c", HOLDER, str(out)]
    other = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert other.stdout is not None and other.stdout.readline() == "True\n"
    return other


def test_a_pack_is_claimed_by_one_process_and_freed_by_its_death(tmp_path: Path) -> None:
    locks, runs = Locks(tmp_path), [run(seed=2), run(seed=1)]
    other = hold(tmp_path)
    try:
        with locks.lock(runs) as ours:
            assert not ours
        with locks.lock([run(seed=3)]) as ours:
            assert ours
    finally:
        other.send_signal(signal.SIGKILL)
        other.communicate()
    with locks.lock(runs) as ours:
        assert ours


def test_a_claim_ends_with_its_block_even_if_training_raises(tmp_path: Path) -> None:
    locks = Locks(tmp_path)
    for _ in range(2):
        try:
            with locks.lock([run()]) as ours:
                assert ours
                with Locks(tmp_path).lock([run()]) as again:
                    assert not again
                raise RuntimeError
        except RuntimeError:
            continue


def test_equal_runs_have_one_name_in_any_order() -> None:
    one, two = run(seed=1), run(seed=2)
    assert lock_name([one, two]) == lock_name([two, one]) != lock_name([one])
