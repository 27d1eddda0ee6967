"""Weights & Biases online: wandb's own client logs to a server on the loopback address."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.records.logged import addresses
from benchmark.records.store import Store
from benchmark.tracking import Follower, Target, sync
from benchmark.tracking.logging_records import pending
from tests.support.records_factory import result, run
from tests.support.wandb_server import WandbServer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WandbServer]:
    """A server that wandb's client in this process and in others logs to; nobody waits long for it."""
    import wandb

    from benchmark.tracking import wandb_run

    for name in [name for name in os.environ if name.startswith("WANDB_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setitem(wandb_run._SETTINGS, "init_timeout", 5.0)
    monkeypatch.setitem(wandb_run._SETTINGS, "finish_timeout", 5.0)
    monkeypatch.setattr(wandb_run, "PAUSES", (0.0, 0.1))
    monkeypatch.setattr("benchmark.tracking.campaign_summary.to_pictures", lambda campaign: {})
    with WandbServer() as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        wandb.teardown()
        yield server
        wandb.teardown()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "out")
    store.write(run("gce[q=0.5]"), result(64.5, run("gce[q=0.5]"), settings={"lr": 0.01}))
    return store


def logged_as(store: Store) -> str:
    """The id that the only record has at W&B."""
    (path,) = (store.out / "runs").glob("*/*.json")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def test_a_run_arrives_once_in_its_project_with_columns_to_group_by(server: WandbServer, store: Store) -> None:
    target = Target(store.out, "online", "robustness", "first try", "team", ("mine",))
    assert sync(target).cause == ""
    logged = server.runs[logged_as(store)]
    assert (logged.project, logged.entity, logged.group, logged.kind) == (
        "robustness", "team", "first try", "gce[q=0.5]"
    )  # fmt: skip
    assert set(logged.tags) == {"flipped", "symmetric", "rate 0.5", "embedded", "ok", "mine"}
    columns = {"method": "gce[q=0.5]", "method_name": "gce", "recipe": "embedded", "noise": "symmetric", "rate": 0.5,
               "dataset": "flipped", "backbone": "embedded", "shots": 16, "seed": 1}  # fmt: skip
    assert columns.items() <= logged.config.items()
    assert logged.config["method_options"]["q"] == 0.5
    assert logged.config["settings"] == {"lr": 0.01}
    assert [row["epoch"] for row in logged.history] == list(range(1, 11))
    assert (logged.summary["accuracy"], logged.complete) == (64.5, True)
    assert list(addresses(store.out)) == [run("gce[q=0.5]").key]
    assert set(logged.files) <= {"config.yaml", "wandb-summary.json"}
    told = json.dumps(logged.config) + "".join(content.decode() for content in logged.files.values())
    assert str(store.out) not in told, "no path and no name of a machine or user leaves it"
    assert sys.executable not in told
    (board,) = (each for each in server.runs.values() if each.kind == "leaderboard")
    tables = [json.loads(text) for name, text in board.files.items() if name.startswith("media/table/runs")]
    assert [row[tables[0]["columns"].index("accuracy")] for row in tables[0]["data"]] == [64.5]
    records = [held for held in server.artifacts.values() if held["type"] == "records"]
    assert [held["committed"] for held in records] == [True]

    before = len(server.requests)
    assert sync(target).logged == 0
    assert len(server.requests) == before, "what is logged is not even asked for again"
    store.write(run("coop"), result(70.0, run("coop")))
    assert sync(target).logged == 1
    assert [each.kind for each in server.runs.values()].count("leaderboard") == 1, "the campaign's own run grows"


@pytest.mark.slow
def test_a_run_that_was_cut_off_goes_on_where_the_server_is(server: WandbServer, store: Store) -> None:
    target = Target(store.out, "online")
    sync(target)
    logged = server.runs[logged_as(store)]
    whole = logged.history
    logged.lines = {number: line for number, line in logged.lines.items() if number < 4}
    logged.summary, logged.complete = {"_step": 3, "epoch": 4}, False
    for mark in (store.out / "wandb" / "logged-online").glob("*"):
        mark.unlink()
    assert sync(target).logged == 1
    assert logged.history == whole


@pytest.mark.parametrize("status", [403, pytest.param(404, marks=pytest.mark.slow)])
def test_what_the_server_refuses_is_logged_later(server: WandbServer, store: Store, status: int) -> None:
    target = Target(store.out, "online")
    server.fault = lambda request: status if "file_stream" in request else None
    synced = sync(target)
    assert (synced.logged, synced.left) == (0, 1)
    assert synced.cause.startswith("NotKept: W&B took the run and lacks the end of the run")
    assert pending(target) == 1
    server.fault = lambda request: None
    assert (sync(target).left, len(server.runs[logged_as(store)].history)) == (0, 10)


@pytest.mark.slow
def test_pictures_that_the_server_refuses_are_logged_later(server: WandbServer, store: Store) -> None:
    target = Target(store.out, "online")
    server.fault = lambda request: 403 if request.startswith("PUT") and "/media/" in request else None
    assert "lacks 2 of 2 tables and pictures" in sync(target).cause
    server.fault = lambda request: None
    assert sync(target).cause == ""


def test_a_key_that_is_refused_ends_soon_with_the_cause(server: WandbServer, store: Store) -> None:
    server.fault = lambda request: 401
    synced = sync(Target(store.out, "online"))
    assert synced.left == 1
    assert "401" in synced.cause


@pytest.mark.slow
@pytest.mark.parametrize("status", [0, 500], ids=["connection cut", "server error"])
def test_a_network_that_is_lost_in_the_middle_loses_nothing(server: WandbServer, store: Store, status: int) -> None:
    target = Target(store.out, "online")
    server.fault = lambda request: status if "file_stream" in request else None
    start = time.monotonic()
    assert sync(target).left == 1
    assert time.monotonic() - start < 60
    assert list(store.out.glob("wandb/run-*/run-*.wandb")), "what was logged lies in a file, too"
    server.fault = lambda request: None
    assert (sync(target).left, len(server.runs[logged_as(store)].history)) == (0, 10)


@pytest.mark.slow
def test_a_network_that_comes_back_is_used(server: WandbServer, store: Store) -> None:
    lost = time.monotonic() + 3
    server.fault = lambda request: 0 if time.monotonic() < lost and "file_stream" in request else None
    with Follower(Target(store.out, "online")) as follower:
        assert follower.finish(timeout=120) == "W&B: all runs are logged online"
    assert len(server.runs[logged_as(store)].history) == 10


def bench(out: Path, tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    grid = ["--datasets=digits", "--methods=zero_shot,ce", "--noise=0", "--seeds=1", "--shots=2", "--epochs=2",
            "--devices=cpu", f"--out={out}", "--wandb=online", "--wandb-project=p", "--wandb-tags=a, b"]  # fmt: skip
    return subprocess.run([sys.executable, "-m", "benchmark", "bench", *grid, *words], cwd=ROOT, text=True, check=False,
                          capture_output=True, timeout=300, env={**os.environ, "OMP_NUM_THREADS": "1"})  # fmt: skip


def kept(out: Path) -> dict[str, object]:
    return {path.name: json.loads(path.read_text())["accuracy"] for path in (out / "runs").glob("*/*.json")}


@pytest.mark.slow
def test_a_bench_ends_alike_whatever_becomes_of_w_and_b(server: WandbServer, tmp_path: Path) -> None:
    def slow(request: str) -> None:
        time.sleep(2)

    faults = {"fine": lambda request: None, "refused": lambda request: 403, "gone": lambda request: 0, "slow": slow}
    seen = {}
    for name, fault in faults.items():
        server.fault = fault
        done = bench(tmp_path / name, tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "W&B: " in done.stdout
        seen[name] = kept(tmp_path / name)
    assert len(seen["fine"]) == 2
    assert all(each == seen["fine"] for each in seen.values())
    server.fault = lambda request: None
    target = Target(tmp_path / "gone", "online", "p", tags=("a", "b"))
    until = time.monotonic() + 240
    while pending(target) and time.monotonic() < until:  # the first process may still be at it
        time.sleep(1)
        subprocess.run([sys.executable, "-m", "benchmark", "sync", f"--out={tmp_path / 'gone'}", "--wandb=online",
                        "--wandb-project=p", "--wandb-tags=a,b"], cwd=ROOT, check=False, timeout=240)  # fmt: skip
    assert pending(target) == 0
    logged = [each for each in server.runs.values() if each.group == "gone" and each.kind != "leaderboard"]
    assert [(each.project, {"a", "b"} <= set(each.tags), each.complete) for each in logged] == [("p", True, True)] * 2
