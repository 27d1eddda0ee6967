"""`promptnoise bench` on a real Ray and a real Slurm of two nodes each: the bytes of the local pool, whatever dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support import two_slurm_nodes as slurm

pytestmark = [pytest.mark.clusters, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
GRID = ["--datasets=digits,flipped", "--methods=coop,gce,upl,zero_shot", "--noise=0,0.5", "--seeds=1,2", "--shots=4",
        "--epochs=4", "--pack=3", "--wandb=disabled"]  # fmt: skip
RUNS = 24

#: Runs in every process: appends the name of each record that is put in its place to a file.
HOOK = """
import os
def replace(source, target, *, real=os.replace, **more):
    real(source, target, **more)
    if "/runs/" in str(target) and str(target).endswith(".json"):
        with open(os.environ["WRITTEN"], "a") as file:
            file.write(str(target) + "\\n")
os.replace = replace
"""


@dataclass
class Cluster:
    """Two nodes: the option that finds them, the environment of their clients, and how to kill the second."""

    engine: str
    kill_a_node: Callable[[], Any]
    environment: dict[str, str] = field(default_factory=dict)


@contextmanager
def two_rays() -> Iterator[Cluster]:
    """Two raylets on this machine."""
    pytest.importorskip("ray", reason="Ray is not installed: pip install 'promptnoise[ray]'")
    from ray.cluster_utils import Cluster as Nodes

    nodes = Nodes()
    try:
        _patiently(lambda: nodes.add_node(num_cpus=1, include_dashboard=False))
        second = _patiently(lambda: nodes.add_node(num_cpus=1))
        yield Cluster(f"ray[address={nodes.address}]", lambda: nodes.remove_node(second, allow_graceful=False))
    finally:
        nodes.shutdown()


def _patiently(start: Callable[[], Any]) -> Any:
    """Ray waits 30 s for a node and no longer, which a busy machine may need."""
    for _ in range(4):
        try:
            return start()
        except Exception as error:
            if "timed out during startup" not in str(error):
                raise
    return start()


@contextmanager
def two_slurmds(folder: Path) -> Iterator[Cluster]:
    """Two slurmd on this machine."""
    pytest.importorskip("submitit", reason="submitit is not installed: pip install 'promptnoise[slurm]'")
    if why := slurm.missing():
        pytest.skip(why)
    with slurm.two_nodes(folder) as running:
        yield Cluster("slurm[parallel=2,time=10m]", lambda: running.kill_node("two"), running.environment)


@pytest.fixture(params=["ray", "slurm"])
def cluster(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    with two_rays() if request.param == "ray" else two_slurmds(tmp_path / "slurm") as found:
        yield found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The leaderboard of the local pool."""
    out = tmp_path_factory.mktemp("local")
    process = start(out, "local", {})
    assert process.wait(600) == 0, log(out)
    return board(out)


def start(out: Path, engine: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    out.mkdir(parents=True, exist_ok=True)
    (out.parent / "hook").mkdir(exist_ok=True)
    (out.parent / "hook" / "sitecustomize.py").write_text(HOOK)
    command = [sys.executable, "-m", "benchmark", "bench", *GRID, f"--out={out}", f"--engine={engine}"]
    path = os.pathsep.join([str(out.parent / "hook"), str(ROOT)])
    given = {**os.environ, **environment, "PYTHONPATH": path, "WRITTEN": str(out / "written.txt")}
    with (out / "log.txt").open("ab") as file:
        return subprocess.Popen(command, cwd=out, env=given, stdout=file, stderr=file)


def board(out: Path) -> bytes:
    return (out / "leaderboard.csv").read_bytes()


def log(out: Path) -> str:
    return (out / "log.txt").read_text(errors="replace")


def written(out: Path) -> Counter[str]:
    path = out / "written.txt"
    return Counter(path.read_text().split() if path.exists() else [])


def wait_for_records(out: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 500
    while len(written(out)) < count:
        assert time.monotonic() < end and process.poll() is None, log(out)
        time.sleep(0.1)


def test_a_cluster_gives_the_bytes_of_the_local_pool(tmp_path: Path, cluster: Cluster, expected: bytes) -> None:
    out = tmp_path / "out"
    assert start(out, cluster.engine, cluster.environment).wait(600) == 0, log(out)
    assert board(out) == expected
    assert len(written(out)) == RUNS and set(written(out).values()) == {1}
    for path in out.glob("runs/*/*.json"):
        record = json.loads(path.read_text())
        assert bool(record.get("learned_sha256")) == path.with_suffix(".safetensors").exists()
        assert record["versions"].get("commit") and record["device"] == "cpu"


def test_a_node_that_is_killed_in_the_middle_changes_no_byte(tmp_path: Path, cluster: Cluster, expected: bytes) -> None:
    out = tmp_path / "out"
    process = start(out, cluster.engine, cluster.environment)
    wait_for_records(out, 3, process)
    cluster.kill_a_node()
    assert len(written(out)) < RUNS
    assert process.wait(600) == 0, log(out)
    assert board(out) == expected


def test_a_driver_that_is_killed_and_started_again_changes_no_byte(
    tmp_path: Path, cluster: Cluster, expected: bytes
) -> None:
    out = tmp_path / "out"
    process = start(out, cluster.engine, cluster.environment)
    wait_for_records(out, 3, process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(written(out)) < RUNS
    assert start(out, cluster.engine, cluster.environment).wait(600) == 0, log(out)
    assert board(out) == expected


def test_two_drivers_at_once_train_each_run_once(tmp_path: Path, cluster: Cluster, expected: bytes) -> None:
    out = tmp_path / "out"
    both = [start(out, cluster.engine, cluster.environment) for _ in range(2)]
    assert [process.wait(600) for process in both] == [0, 0], log(out)
    assert board(out) == expected
    assert len(written(out)) == RUNS and set(written(out).values()) == {1}
