"""Weights & Biases: each finished record once, whatever happens in between."""

import hashlib
import json
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from benchmark.errors import BadInput
from benchmark.records.logged import addresses
from benchmark.records.store import Store
from benchmark.tracking import Follower, Target, sync
from benchmark.tracking.logging_records import pending
from tests.support import wandb_file
from tests.support.records_factory import result, run

HANGS = "import time\nclass Settings: pass\ndef init(**_): time.sleep(600)\n"
RAISES = "class Settings: pass\ndef init(**_): raise ConnectionError('no route to host')\n"
WORKS = """
class Settings: pass
class Run:
    summary = {}
    def define_metric(self, *_, **__): pass
    def log(self, *_, **__): pass
    def log_artifact(self, *_): pass
    def finish(self, **_): pass
    dir, path = "nowhere", "me/promptnoise/run"
def init(**_): return Run()
class Artifact:
    def __init__(self, *_, **__): pass
    def add_file(self, *_, **__): pass
def Table(**_): pass
def Image(*_): pass
class Api:
    def __init__(self, **_): pass
    def run(self, path): return type("Held", (), {"state": "finished"})
"""


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes seconds, and one test looks at pictures."""
    monkeypatch.setattr("benchmark.tracking.campaign_summary.to_pictures", lambda campaign: {})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(tmp_path / "out")
    for seed in (1, 2, 3, 4):
        store.write(run(seed=seed), result(60.0 + seed, run(seed=seed)))
    return store


def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str) -> None:
    """A module that takes wandb's place, here and in processes that are started."""
    folder = tmp_path / "fake"
    folder.mkdir(exist_ok=True)
    (folder / "wandb.py").write_text(code)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "wandb", raising=False)


def test_offline_logging_beside_training_writes_every_run_and_the_leaderboard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_ERROR_REPORTING", "false")
    monkeypatch.setenv("HOME", str(tmp_path))
    store = Store(tmp_path / "out")
    target = Target(store.out, "offline", "robustness", "first try")
    with Follower(target) as follower:
        store.write(run(), result(64.5, run()))
        store.write(run("gce[q=0.5]"), result(70.0, curves={"loss": [1.0, None, 0.5], "pseudo_label_accuracy": [80.0]}))
        told = follower.finish(timeout=100)
    assert told.startswith("W&B: all runs are logged below")
    board, coop, gce = wandb_file.read(store.out / "wandb")
    assert (coop["project"], coop["group"], coop["kind"], coop["ended"]) == ("robustness", "first try", "coop", 0)
    assert {"flipped", "symmetric", "rate 0.5", "embedded", "ok"} == set(coop["tags"])
    assert {"method": "coop", "seed": 1, "rate": 0.5, "key": run().key}.items() <= coop["config"].items()
    assert [row["test_accuracy"] for row in coop["history"]] == list(store.find(run().key).curves["test_accuracy"])
    assert [row["epoch"] for row in coop["history"]] == list(range(1, 11))
    assert coop["summary"]["accuracy"] == 64.5
    assert coop["summary"]["wrong_labels"] == 40
    assert gce["history"] == [
        {"epoch": 1, "loss": 1.0, "pseudo_label_accuracy": 80.0},
        {"epoch": 2},
        {"epoch": 3, "loss": 0.5},
    ]
    assert (board["kind"], board["group"]) == ("leaderboard", "first try")
    (table,) = store.out.glob("wandb/offline-run-*/files/media/table/leaderboard*.json")
    content = json.loads(table.read_text())
    assert [row[content["columns"].index("mean")] for row in content["data"]] == [64.5, 70.0]
    assert {path.split("/")[1] for path in board["files"] if path.startswith("media")} == {"table", "images"}
    drawn = {path.split("/")[-1].split("-")[0] for path in board["files"] if path.startswith("media/images/plots/")}
    assert {"accuracy", "heatmap", "memorisation"} <= drawn
    records = [f"runs/flipped/{run(method).key}.json" for method in ("coop", "gce[q=0.5]")]
    assert ("records", sorted(records)) in board["artifacts"]
    assert pending(target) == 0


def test_what_is_logged_is_not_logged_again_unless_its_record_changed(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, tmp_path, WORKS)
    target = Target(store.out, "offline")
    left: list[int] = []
    assert sync(target, step=left.append).logged == 4
    assert left == [3, 2, 1, 0]
    assert (sync(target).logged, sync(target).left) == (0, 0)
    store.write(run(seed=2), result(99.0))
    assert sync(target).logged == 1
    assert sync(Target(store.out, "online")).logged == 4, "what went to a file is not online yet"


def test_the_pictures_are_drawn_and_logged_with_the_leaderboard_once_for_the_same_records(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(
        monkeypatch,
        tmp_path,
        WORKS + "\nlogged = []\nRun.log = lambda self, values, **_: logged.append(sorted(values))\n",
    )
    monkeypatch.setattr("benchmark.tracking.campaign_summary.to_pictures", lambda campaign: {"heatmap": b"png"})
    target = Target(store.out, "offline")
    sync(target)
    logged = sys.modules["wandb"].logged
    expected = ["leaderboard", "plots/heatmap", "runs"]
    assert logged[-1] == expected
    logged.clear()
    sync(target)
    assert logged == []
    store.write(run(seed=2), result(99.0))
    sync(target)
    assert logged[-1] == expected
    assert logged.count(expected) == 1


def test_a_w_and_b_that_is_down_loses_nothing_and_is_not_tried_for_ever(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, tmp_path, RAISES)
    target = Target(store.out, "online")
    synced = sync(target)
    assert (synced.logged, synced.left, synced.cause) == (0, 4, "ConnectionError: no route to host")
    fake(monkeypatch, tmp_path, WORKS)
    assert sync(target).logged == 4


def test_a_w_and_b_that_hangs_delays_nobody(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, tmp_path, HANGS)
    target = Target(store.out, "online")
    start = time.monotonic()
    follower = Follower(target)
    told = follower.finish(timeout=0.5)
    follower.stop()
    assert time.monotonic() - start < 5
    assert told == ("W&B: 4 runs are being logged in the background; `promptnoise sync` logs what is missing")
    assert pending(target) == 4


def test_a_package_of_the_same_name_in_the_user_s_folder_is_not_taken_for_ours(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, tmp_path, WORKS)
    for package in ("benchmark", "benchmark/tracking", "methods", "datamodules"):
        (tmp_path / "mine" / package).mkdir(parents=True)
        (tmp_path / "mine" / package / "__init__.py").write_text("raise RuntimeError('not this one')\n")
    (tmp_path / "mine" / "wandb.py").write_text("raise RuntimeError('nor this one')\n")
    monkeypatch.chdir(tmp_path / "mine")
    with Follower(Target(store.out, "online")) as follower:
        assert follower.finish(timeout=100) == "W&B: all runs are logged online"
    assert pending(Target(store.out, "online")) == 0


def test_an_error_in_training_stops_the_logging_process(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, tmp_path, HANGS)
    with pytest.raises(KeyboardInterrupt), Follower(Target(store.out, "online")) as follower:
        raise KeyboardInterrupt
    assert follower._process.poll() is not None


def test_while_training_goes_on_most_of_the_time_is_rest(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, tmp_path, WORKS.replace("def init(**_):", "import time\ndef init(**_): sum(range(10**6));"))
    rests: list[float] = []

    class Stop(Event):
        def wait(self, timeout: float | None = None) -> bool:
            rests.append(timeout or 0.0)
            return False

    sync(Target(store.out, "online"), stop=Stop(), rest=30.0)
    assert len(rests) == 4
    assert min(rests) >= 0.1


def test_the_address_of_each_run_is_kept_for_the_report(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, tmp_path, WORKS.replace("summary = {}", "summary, url = {}, 'https://wandb.example/run'"))
    sync(Target(store.out, "online"))
    assert addresses(store.out) == {record.key: "https://wandb.example/run" for record in store.load().records}
    assert pending(Target(store.out, "online")) == 0


def test_logging_stops_when_it_is_told_to(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, tmp_path, WORKS)
    stop = Event()
    synced = sync(Target(store.out, "online"), stop=stop, step=lambda left: stop.set())
    assert (synced.logged, synced.left, synced.cause) == (1, 3, "")


def test_two_processes_do_not_log_one_folder_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from filelock import FileLock

    fake(monkeypatch, tmp_path, WORKS)
    (store.out / "wandb" / "logged-online").mkdir(parents=True)
    with FileLock(store.out / "wandb" / "logged-online" / ".lock"), pytest.raises(BadInput, match="another process"):
        sync(Target(store.out, "online"))


def test_without_wandb_one_line_says_how_to_get_it(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(BadInput, match="pip install wandb"):
        sync(Target(store.out, "online"))


def test_what_is_logged_in_one_project_is_logged_in_another_too(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, tmp_path, WORKS)
    assert sync(Target(store.out, "online")).logged == 4
    assert sync(Target(store.out, "online", "second")).logged == 4
    assert sync(Target(store.out, "online", "second")).logged == 0


def test_what_a_stopped_process_left_of_a_run_is_not_there_twice(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake(monkeypatch, tmp_path, WORKS)
    content = next((store.out / "runs").glob("*/*.json")).read_bytes()
    left = store.out / "wandb" / f"offline-run-20200101_000000-{hashlib.sha256(content).hexdigest()[:16]}"
    left.mkdir(parents=True)
    sync(Target(store.out, "offline"))
    assert not left.exists()
