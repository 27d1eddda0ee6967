"""No command replaces, follows or removes what is not ours: one line, exit code 2, before there is any work."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.commands import bench, predict, readme
from benchmark.records import exported
from benchmark.records.store import Store
from benchmark.records.workers import grid_name
from benchmark.report.file_names import REPORT, TABLES, TUNING
from tests.support.records_factory import result, run

GRID = grid_name(bench.Options(methods="zero_shot", datasets="digits").grid().runs(), bench.Options.pack)
#: By command: how it is called, and what it writes below OUT.
COMMANDS = {
    "audit PICTURES --out=OUT --correct=0.1": [
        "labels.csv", "confusion.csv", "duplicates.csv", "misfits.csv", "questions.csv", "left_out.csv",
        "issues.csv", "pred_probs.npy", "summary.json", "audited.csv", "audit.html", ".promptnoise.json",
    ],
    "choose digits --noise=0.2 --out=OUT": [
        "prompt.safetensors", "prompt.json", "classify.py", "text_features.safetensors", "card.md", "regret.csv",
        ".promptnoise.json",
    ],
    "export KEY --out=RECORDS --to=OUT": [
        "prompt.safetensors", "prompt.json", "classify.py", "text_features.safetensors", ".promptnoise.json",
    ],
    "predict PICTURES --with=CLASSIFIER --out=OUT/predictions.csv": ["predictions.csv"],
    "bench --methods=zero_shot --datasets=digits --out=OUT --track=csv": [
        *TABLES, "tables/digits.csv", ".promptnoise.json",
        f"campaigns/{GRID}.toml",
    ],
    "merge RECORDS --out=OUT": [*TABLES, "tables/flipped.csv", "origins.json", ".promptnoise.json"],
    "detect --out=OUT": ["detectors.csv", "detectors.md", ".promptnoise.json"],
    "tune --out=OUT": [*TABLES, *TUNING, "tables/digits.csv", ".promptnoise.json"],
    "features digits --to=OUT/f.npz": ["f.npz"],
    "paper coop --out=OUT": ["papers/coop.csv"],
    "speed --out=OUT/speed.csv": ["speed.csv"],
    "readme --publish=RECORDS --readme=PAGE --reference=OUT": [*TABLES, "tables/flipped.csv", ".promptnoise.json"],
    "report --out=OUT": [*REPORT, ".promptnoise.json"],
}  # fmt: skip
EACH = [(line, name) for line, names in COMMANDS.items() for name in names]
#: What a command needs for its work, and must not ask for before it has looked at its place.
WORK = ("benchmark.run.resources", "methods.clip.loading", "benchmark.audit.audit_result", "benchmark.choose.choosing")


def a_file(path: Path) -> None:
    path.write_text("mine")


def a_link(path: Path) -> None:
    path.symlink_to("../mine.txt")


def a_link_to_a_link(path: Path) -> None:
    path.with_name("other").symlink_to("../mine.txt")
    path.symlink_to("other")


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def a_second_name_of_an_input(path: Path) -> None:
    os.link("PICTURES/a/0.png", path)


def a_folder(path: Path) -> None:
    path.mkdir()


def a_pipe(path: Path) -> None:
    os.mkfifo(path)


def a_socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as opened:  # names of sockets are short
        opened.bind(path.name)


KINDS = [
    a_file,
    a_link,
    a_link_to_a_link,
    a_link_to_nowhere,
    a_second_name_of_an_input,
    a_folder,
    a_pipe,
    a_socket,
]


def snapshot(folder: Path) -> dict[str, tuple[object, ...]]:
    """Every path below a folder, with what would change if somebody wrote there."""
    found: dict[str, tuple[object, ...]] = {}
    for path in folder.rglob("*"):
        about = path.lstat()
        content = path.read_bytes() if path.is_file() else b""
        found[str(path)] = (about.st_ino, about.st_mode, about.st_mtime_ns, about.st_size, about.st_nlink, content)
    return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what the commands read, and an empty OUT."""
    monkeypatch.chdir(tmp_path)
    for name in ("PICTURES/a", "PICTURES/b", "OUT/runs"):
        Path(name).mkdir(parents=True)
    for number in range(4):
        Path(f"PICTURES/{'ab'[number % 2]}/{number}.png").write_bytes(b"not looked at")
    Path("mine.txt").write_text("mine")
    Path("PAGE").write_text(f"{readme.BEGIN}\n{readme.END}\n")
    Store(Path("RECORDS")).write(run(), result())
    weights = {"class_weights": np.ones((2, 4), np.float32), "logit_scale": np.array(1, np.float32)}
    exported.write(Path("CLASSIFIER"), weights, {"classes": ["a", "b"], "backbone": "embedded"})
    return tmp_path


def refused(line: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that a command ends with, with exit code 2."""
    assert main(line.replace("KEY", run().key).split()) == 2
    (said,) = capsys.readouterr().err.splitlines()
    return said


def everything() -> Iterator[Any]:
    """Each kind once for every command, and every file with one kind; the whole product is slow."""
    for line, names in COMMANDS.items():
        for number, (name, kind) in enumerate(product(names, KINDS)):
            place, which = divmod(number, len(KINDS))
            fast = place == 0 or which == place % len(KINDS)
            title = f"{line.split()[0]}-{name}-{kind.__name__}"
            yield pytest.param(line, name, kind, id=title, marks=() if fast else pytest.mark.slow)


@pytest.mark.parametrize(("line", "name", "kind"), list(everything()))
def test_what_is_not_ours_is_left_as_it_was(
    line: str, name: str, kind: Callable[[Path], None], place: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for module in WORK:
        monkeypatch.setitem(sys.modules, module, None)
    (place / "OUT" / name).parent.mkdir(exist_ok=True)
    kind(place / "OUT" / name)
    before = snapshot(place)
    said = refused(line, capsys)
    assert name in said and len(said) < 300
    assert snapshot(place) == before


def test_the_look_needs_no_torch(place: Path) -> None:
    for name in {name for _, name in EACH}:
        (place / "OUT" / name).parent.mkdir(exist_ok=True, parents=True)
        (place / "OUT" / name).write_text("mine")
    lines = [line.replace("KEY", run().key).split() for line in COMMANDS]
    code = f"import sys; from benchmark.__main__ import main; print(*map(main, {lines}), 'torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert done.stdout.strip() == " ".join(["2"] * len(lines) + ["False"])


def test_the_audited_table_is_not_replaced_by_what_is_found_in_it(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmark.outputs import Outputs

    table = "file,label\n" + "".join(f"../PICTURES/{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]}\n" for n in range(4))
    Outputs(place / "OUT", "audit").write({"labels.csv": table})  # it is ours, from an earlier audit
    before = snapshot(place)
    for name in ("OUT/labels.csv", "OUT/../OUT/labels.csv", str(place / "OUT" / "labels.csv")):
        assert "labels.csv is read by this very command" in refused(f"audit {name} --out=OUT", capsys)
    assert snapshot(place) == before


@pytest.mark.parametrize("out", ["PICTURES/a/0.png", "CLASSIFIER/prompt.json", "CLASSIFIER/prompt.safetensors",
                                 "mine.txt", "./mine.txt/", "PICTURES/new.png", "/dev/full", "/dev/null",
                                 "/dev/stdout", "/proc/self/fd/1"])  # fmt: skip
def test_predictions_take_the_place_of_predictions_alone(
    out: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(place)
    refused(f"predict PICTURES --with=CLASSIFIER --out={out}", capsys)
    assert snapshot(place) == before


def test_earlier_predictions_may_be_replaced(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "OUT" / "old.csv").write_text(f"{','.join(predict.COLUMNS)}\n")
    assert "OUT holds no prompt" in refused("predict PICTURES --with=OUT --out=OUT/old.csv", capsys)


@pytest.mark.parametrize("name", ["track", "track/csv", "track/csv/digits", "track/csv/.logged", "wandb", "campaigns",
                                  "locks", "failed", "slurm", "tables", "papers"])  # fmt: skip
@pytest.mark.parametrize("kind", [a_file, a_link, a_link_to_nowhere, a_pipe], ids=lambda kind: kind.__name__)
def test_no_folder_of_a_results_folder_may_lead_elsewhere(
    name: str, kind: Callable[[Path], None], place: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for module in WORK:
        monkeypatch.setitem(sys.modules, module, None)
    (place / "OUT" / name).parent.mkdir(exist_ok=True, parents=True)
    kind(place / "OUT" / name)
    if kind is a_link:
        (place / "mine.txt").unlink()
        (place / "mine.txt").mkdir()
    before = snapshot(place)
    line = "paper coop" if name == "papers" else "bench --methods=zero_shot --datasets=digits --track=csv"
    assert f"OUT/{name}" in refused(f"{line} --out=OUT", capsys)
    assert snapshot(place) == before
