"""`promptnoise bench` with several workers on one data set, with workers that die, and resumed on other devices."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.plan import packs
from benchmark.run.events import Event
from benchmark.run.progress import LiveProgress
from tests.end_to_end.conftest import PlugIn

GRID = ["--datasets=digits", "--methods=coop,gce,ce", "--noise=0,0.5", "--seeds=1,2,3", "--shots=1", "--epochs=1"]
Busy = list[tuple[int, str]]


@contextmanager
def listening() -> Iterator[Busy]:
    """What each worker of a campaign says it trains, in order; every pack is worth cutting."""
    heard: Busy = []
    show = LiveProgress.__call__

    def listen(self: LiveProgress, worker: int, event: Event) -> None:
        if event.what == "epoch":
            heard.append((worker, event.text))
        show(self, worker, event)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveProgress, "__call__", listen)
        patch.setattr(packs, "WORTH", 0)
        yield heard


def bench(out: Path, devices: str) -> tuple[set[int], set[str]]:
    """Trains what is missing; the workers that trained, and the packs."""
    with listening() as heard:
        assert main(["bench", *GRID, f"--devices={devices}", f"--out={out}"]) == 0
    return {worker for worker, _ in heard}, {text.split(",")[0] for _, text in heard}


def board(out: Path) -> bytes:
    return (out / "leaderboard.csv").read_bytes()


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[int], set[str]]:
    """A campaign of four workers, who trained, and their packs."""
    out = tmp_path_factory.mktemp("four")
    return out, *bench(out, "cpu:4")


def test_four_workers_share_one_data_set_and_end_with_the_leaderboard_of_one(
    four: tuple[Path, set[int], set[str]], tmp_path: Path
) -> None:
    out, workers, parts = four
    assert workers == {0, 1, 2, 3} and parts == {"digits · 4 runs", "digits · 5 runs"}
    assert bench(tmp_path, "cpu") == ({0}, {"digits · 18 runs"})
    assert board(tmp_path) == board(out)


def test_a_campaign_resumed_on_other_devices_is_cut_as_before(
    four: tuple[Path, set[int], set[str]], tmp_path: Path
) -> None:
    out, _, parts = four
    shutil.copytree(out, tmp_path / "out")
    records = sorted((tmp_path / "out" / "runs").glob("*/*.json"))
    before = {path: json.loads(path.read_text())["curves"] for path in records}
    for path in records[::2]:
        path.unlink()
    assert bench(tmp_path / "out", "cpu") == ({0}, parts)
    assert board(tmp_path / "out") == board(out)
    assert {path: json.loads(path.read_text())["curves"] for path in records} == before


def test_without_a_finished_run_the_devices_of_now_decide(
    four: tuple[Path, set[int], set[str]], tmp_path: Path
) -> None:
    shutil.copytree(four[0], tmp_path / "out", ignore=lambda folder, names: {"runs"} & {*names})
    assert bench(tmp_path / "out", "cpu:2")[1] == {"digits · 9 runs"}


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
        "1.png cannot be read" in note and note.endswith("; --skip_bad_images leaves such pictures out")
        for note in notes
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


@pytest.mark.parametrize("number", ["ENOSPC", *(pytest.param(n, marks=pytest.mark.slow) for n in ("EROFS", "EACCES"))])
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
