"""A command that is killed, runs out of disk or finds damage ends, run again, with the bytes of an undisturbed one."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from pathlib import Path
from random import Random

import pytest

from benchmark.__main__ import main
from tests.support.faults.commands import COMMANDS
from tests.support.faults.moments import PHASES
from tests.support.faults.processes import GRID, damage, records, send, start
from tests.support.faults.trials import Trials

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")

#: A cheap command for each phase, and a blow.
CHEAPEST = {
    "planning": ("export", "SIGKILL to the group"),
    "encoding": ("predict", "SIGTERM to the parent"),
    "first epoch": ("choose", "SIGINT to the group"),
    "between records": ("merge", "SIGKILL to the parent"),
    "record": ("merge", "SIGKILL to the group"),
    "predictions": ("merge", "exit as if out of memory"),
    "learned": ("merge", "full disk"),
    "manifest": ("merge", "SIGTERM to the group"),
    "table": ("export", "SIGKILL to the group"),
    "W&B follower": ("bench", "SIGKILL to the follower"),
}


def bench(out: Path) -> bytes:
    """The leaderboard of the small grid."""
    assert main(["bench", *GRID, f"--out={out}"]) == 0
    return (out / "leaderboard.csv").read_bytes()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed")
    bench(out)
    return out


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    return Trials(tmp_path_factory.mktemp("trials"))


def test_a_bench_whose_processes_are_killed_keeps_its_records_and_ends_with_the_same_leaderboard(
    undisturbed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    session = start(out)
    code = None
    while not records(out) and code is None:
        time.sleep(0.05)
        code = session.ended()
    assert code is None, (tmp_path / "out.log").read_text()
    send(session.pick("group", Random(0)), signal.SIGKILL)
    session.finish()
    finished = records(out)
    assert finished, (tmp_path / "out.log").read_text()
    assert bench(out) == (undisturbed / "leaderboard.csv").read_bytes()
    assert {path: records(out).get(path) for path in finished} == finished


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
def test_damaged_records_are_done_again_and_the_leaderboard_is_the_same(
    undisturbed: Path, tmp_path: Path, seed: int
) -> None:
    out = tmp_path / "out"
    shutil.copytree(undisturbed, out)
    damage(out, Random(seed))
    assert bench(out) == (undisturbed / "leaderboard.csv").read_bytes()


@pytest.mark.parametrize("phase", PHASES)
def test_a_command_that_is_struck_in_any_phase_ends_as_if_it_had_not_been(phase: str, trials: Trials) -> None:
    command, blow = CHEAPEST[phase]
    outcome = trials.run(command, phase, Random(1), blow)
    assert not outcome.wrong, outcome
    if phase in ("between records", "record", "predictions", "learned", "table"):
        assert outcome.inside, outcome


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_phase_of_every_command_survives_every_blow(command: str, trials: Trials) -> None:
    for phase in trials.phases(command):
        for number, blow in enumerate(trials.blows(command, phase)):
            outcome = trials.run(command, phase, Random(number), blow)
            assert not outcome.wrong, outcome
