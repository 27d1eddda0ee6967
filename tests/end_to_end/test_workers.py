"""`promptnoise bench` with several workers on one data set, with workers that die, and resumed on other devices."""

from __future__ import annotations

import errno
import json
import os
import shutil
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.plan import packs
from benchmark.run.events import Event
from benchmark.run.progress import LiveProgress
from tests.end_to_end.conftest import PlugIn

GRID = ["--datasets=digits", "--methods=coop,gce,ce", "--noise=0,0.5", "--seeds=1,2,3", "--shots=2", "--epochs=2"]
Busy = list[tuple[int, str]]


@pytest.fixture
def busy(monkeypatch: pytest.MonkeyPatch) -> Busy:
    """What each worker of a campaign said it trains, in order; every pack is worth cutting."""
    heard: Busy = []
    show = LiveProgress.__call__

    def listen(self: LiveProgress, worker: int, event: Event) -> None:
        if event.what == "epoch":
            heard.append((worker, event.text))
        show(self, worker, event)

    monkeypatch.setattr(LiveProgress, "__call__", listen)
    monkeypatch.setattr(packs, "WORTH", 0)
    return heard


def board(out: Path) -> bytes:
    return (out / "leaderboard.csv").read_bytes()


def test_four_workers_share_one_data_set_and_end_with_the_leaderboard_of_one(tmp_path: Path, busy: Busy) -> None:
    assert main(["bench", *GRID, "--devices=cpu", f"--out={tmp_path / 'one'}"]) == 0
    assert {text.split(",")[0] for _, text in busy} == {"digits · 18 runs"} and {worker for worker, _ in busy} == {0}
    busy.clear()
    assert main(["bench", *GRID, "--devices=cpu:4", f"--out={tmp_path / 'four'}"]) == 0
    assert {worker for worker, _ in busy} == {0, 1, 2, 3}
    assert {text.split(",")[0] for _, text in busy} == {"digits · 4 runs", "digits · 5 runs"}
    assert board(tmp_path / "four") == board(tmp_path / "one")


def test_a_campaign_resumed_on_other_devices_is_cut_as_before(tmp_path: Path, busy: Busy) -> None:
    out = tmp_path / "out"
    assert main(["bench", *GRID, "--devices=cpu:3", f"--out={out}"]) == 0
    whole, records = board(out), sorted((out / "runs").glob("*/*.json"))
    before = {path: json.loads(path.read_text())["curves"] for path in records}
    for path in records[::2]:
        path.unlink()
    busy.clear()
    assert main(["bench", *GRID, "--devices=cpu", f"--out={out}"]) == 0
    assert {text.split(",")[0] for _, text in busy} == {"digits · 6 runs"} and {worker for worker, _ in busy} == {0}
    assert board(out) == whole
    assert {path: json.loads(path.read_text())["curves"] for path in records} == before


def test_without_a_finished_run_the_devices_of_now_decide(tmp_path: Path, busy: Busy) -> None:
    out = tmp_path / "out"
    out.mkdir()
    assert main(["bench", *GRID, "--devices=cpu:2", f"--out={out}"]) == 0
    shutil.rmtree(out / "runs")
    busy.clear()
    assert main(["bench", *GRID, "--devices=cpu", f"--out={out}"]) == 0
    assert {text.split(",")[0] for _, text in busy} == {"digits · 18 runs"}


GUILTY = """
import os, sys, time
from methods.coop import Method as CoOp

class Method(CoOp):
    def loss(self, logits, labels):
        if 2 in self.task.seeds:
            HOW
        return super().loss(logits, labels)
"""


@pytest.mark.parametrize(
    ("how", "cause", "options"),
    [
        ("os._exit(5)", "its worker on cpu died (exit code 5)", []),
        ("sys.exit(5)", "SystemExit: 5", []),
        pytest.param("time.sleep(100)", "no progress for 12 s", ["--timeout=12"], marks=pytest.mark.slow),
    ],
)
def test_a_run_that_ends_or_hangs_its_process_costs_no_other(
    plug_in: PlugIn, tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, cause: str, options: list[str]
) -> None:
    plug_in("guilty", GUILTY.replace("HOW", how))
    grid = ["--datasets=digits", "--methods=ce,guilty", "--noise=0", "--seeds=1,2", "--shots=1", "--epochs=1"]
    out = tmp_path / "out"
    assert main(["bench", *grid, "--devices=cpu", f"--out={out}", *options]) == 1
    finished = [json.loads(path.read_text())["run"] for path in (out / "runs").glob("*/*.json")]
    assert sorted((run["method"], run["seed"]) for run in finished) == [
        ("guilty", 1),
        ("linear_probe", 1),
        ("linear_probe", 2),
    ]
    notes = [json.loads(path.read_text()) for path in (out / "failed").glob("*/*.json")]
    assert [(note["run"]["method"], note["run"]["seed"], note["cause"]) for note in notes] == [("guilty", 2, cause)]
    printed = capsys.readouterr().out
    assert cause in printed and "failed digits guilty" in printed


def test_one_bad_picture_fails_its_data_set_and_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pictures = tmp_path / "pets"
    for split, name, index in product(("train", "test"), ("cat", "dog"), range(2)):
        file = pictures / split / name / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (80 * index, 90, 200)).save(file)
    (pictures / "train" / "dog" / "1.png").write_bytes(b"no picture")
    out = tmp_path / "out"
    grid = ["--methods=ce,coop", "--noise=0", "--seeds=1", "--shots=2", "--epochs=1", f"--out={out}"]
    command = ["bench", f"--datasets=folder:{pictures},digits", *grid, "--devices=cpu:2"]
    assert main(command) == 1
    notes = [json.loads(path.read_text())["cause"] for path in (out / "failed").glob("*/*.json")]
    assert len(notes) == 2 and len(list((out / "runs" / "digits").glob("*.json"))) == 2
    assert all(
        "1.png cannot be read" in note and note.endswith("--skip_bad_images goes on without it") for note in notes
    )
    assert "Traceback" not in "".join(capsys.readouterr())
    assert main([*command, "--skip_bad_images"]) == 0


FAILING = """
import errno, os
from multiprocessing import parent_process
from methods.coop import Method as CoOp

class Method(CoOp):
    pass

if parent_process():
    real, written = os.fsync, []
    def fsync(file):
        written.append(file)
        if len(written) > 4:
            raise OSError(errno.NUMBER, os.strerror(errno.NUMBER))
        real(file)
    os.fsync = fsync
"""


@pytest.mark.parametrize("number", ["ENOSPC", "EROFS", "EACCES"])
def test_a_folder_that_cannot_be_written_any_more_ends_with_one_line(
    plug_in: PlugIn, tmp_path: Path, capsys: pytest.CaptureFixture[str], number: str
) -> None:
    """The worker's files, from the fifth on."""
    plug_in("failing", FAILING.replace("NUMBER", number))
    grid = ["--datasets=digits", "--methods=failing,ce", "--noise=0,0.5", "--seeds=1,2", "--shots=1", "--epochs=1"]
    out = tmp_path / "out"
    assert main(["bench", *grid, "--devices=cpu", f"--out={out}"]) == 1
    captured = capsys.readouterr()
    assert "Traceback" not in captured.out + captured.err
    (line,) = captured.err.splitlines()
    assert line.startswith(f"promptnoise: {out}") and line.endswith(os.strerror(getattr(errno, number)))
    kept = len(list((out / "runs").glob("*/*.json")))
    assert 0 < kept < 8
    assert f"{kept} finished runs are kept; not written: digits" in captured.out
