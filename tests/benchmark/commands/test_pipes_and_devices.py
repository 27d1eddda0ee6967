"""A pipe, device, link to one, socket or endless file in the place of any file: one line at once, and nothing hangs."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.records.store import Store
from datamodules.foreign import OneLine
from tests.support.records_factory import result, run
from tests.test_reading import KINDS

RECORD = Store(Path("RECORDS")).path(run())
TRAIN = "--datasets=folder:PICTURES[split=0.5] --methods=zero_shot --shots=1 --wandb=disabled"
#: A file, and commands that read it; KEY is a run's.
READ = {
    "t.csv": ["audit t.csv"],
    "PICTURES/labels.csv": [f"bench {TRAIN}"],
    "PICTURES/classnames.txt": ["audit PICTURES", "choose PICTURES"],
    "suites/mine.toml": ["bench --suite=mine", "list", "bench --suite=suites/mine.toml"],
    "RECORDS/campaigns/mine.toml": ["bench --again=RECORDS"],
    str(RECORD): ["show KEY --out=RECORDS", "export KEY --out=RECORDS", "compare RECORDS RECORDS",
                  "merge RECORDS --out=MERGED", "plan --costs=RECORDS"],
    str(RECORD.with_suffix(".safetensors")): ["export KEY --out=RECORDS --words=false"],
    "RECORDS/origins.json": ["merge RECORDS --out=RECORDS"],
    "BOARD/leaderboard.csv": ["compare BOARD BOARD", "readme --reference=BOARD --readme=PAGE"],
    "README.md": ["readme"],
    "dtd/split_zhou_DescribableTextures.json": ["audit dtd --data=."],
    "CLASSIFIER/prompt.json": ["predict PICTURES --with=CLASSIFIER"],
    "CLASSIFIER/prompt.safetensors": ["predict PICTURES --with=CLASSIFIER"],
    "w.pt": ["doctor --backbone=ViT-B-32:w.pt", "bench --backbone=ViT-B-32:w.pt --dry-run"],
    "MODEL/open_clip_config.json": ["audit PICTURES --backbone=local-dir:MODEL"],
    "MODEL/open_clip_model.safetensors": ["audit PICTURES --backbone=local-dir:MODEL"],
    "netrc": ["bench --dry-run --datasets=digits --methods=ce"],
}  # fmt: skip
CASES = [(kind, file, command) for file, commands in READ.items() for command in commands for kind in KINDS]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    from benchmark.commands.readme import BEGIN, END

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("cat", "dog"):
        (tmp_path / "PICTURES" / name).mkdir(parents=True)
        for number in range(2):
            Image.fromarray(np.full((8, 8, 3), 40 * number, np.uint8)).save(f"PICTURES/{name}/{number}.png")
    Store(Path("RECORDS")).write(run(), result())
    for folder in ("dtd/images", "suites", "RECORDS/campaigns", "BOARD", "CLASSIFIER", "MODEL"):
        Path(folder).mkdir(parents=True, exist_ok=True)
    Path("PAGE").write_text(f"{BEGIN}\n{END}\n")

    def waited(number: int, frame: object) -> None:
        raise AssertionError("it waits")

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(60)
    yield tmp_path
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("kind", "file", "command"), CASES, ids=[f"{k}-{c}".replace(" ", "_") for k, _, c in CASES])
def test_what_is_no_file_is_one_line_at_once(
    kind: str, file: str, command: str, place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    Path(file).unlink(missing_ok=True)
    KINDS[kind](place / file)
    start = time.process_time()
    code = main([word.replace("KEY", run().key) for word in command.split()])
    assert time.process_time() - start < 30
    said = capfd.readouterr()
    assert "should not have happened" not in said.err and "Traceback" not in said.err, said.err
    errors = [line for line in said.err.splitlines() if line.startswith("promptnoise: ")]
    if file == "netrc":
        assert code == 0 and not errors, said.err
    elif command == "merge RECORDS --out=MERGED":  # what can be merged is
        assert code == 1 and f"{RECORD} is left out: " in said.out.replace("\n", "")
    elif command != "list" and not command.startswith(("doctor", "bench --backbone")):
        assert code == 2 and len(errors) == 1, (code, said.out, said.err)


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_is_none_is_named_or_left_out(
    kind: str, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    KINDS[kind](place / "PICTURES/cat/x.png")
    assert main(["audit", "PICTURES", "--prompt=no", "--skip_bad_images=false"]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "PICTURES/cat/x.png cannot be read as a picture: this " in said


NOT_UTF8 = os.fsdecode(b"caf\xe9.png")


@pytest.mark.parametrize(
    "command",
    [
        "audit PICTURES",
        "choose PICTURES",
        "predict PICTURES --with=CLASSIFIER",
        f"bench {TRAIN}",
    ],
)
def test_a_name_that_is_not_utf8_is_one_line_that_says_what_to_do(
    command: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        (place / "PICTURES/cat/0.png").rename(place / "PICTURES/cat" / NOT_UTF8)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    assert main(command.split()) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "not text in UTF-8" in said and "rename" in said


def test_a_warning_about_such_a_file_is_one_line(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("RECORDS/runs/flipped/\x1b[31m\nx.json").write_text("{")
    assert main(["plan", "--costs=RECORDS", "--datasets=flipped", "--methods=ce"]) in (0, 2)
    assert isinstance(logging.lastResort, logging.StreamHandler)
    assert isinstance(logging.lastResort.formatter, OneLine)
