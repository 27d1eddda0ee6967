"""The mistakes that `show` lists: the surest first, wrong labels among them, and no file without an explanation."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.records.prediction_file import mistakes, unpack
from benchmark.records.record import BadRecord
from benchmark.records.store import Store
from tests.support.records_factory import predictions, result, run

KEY = run().key


@pytest.fixture
def out(tmp_path: Path) -> Path:
    Store(tmp_path).write(run(), result(run=run()), None, predictions())
    return tmp_path


def test_a_mistake_is_a_prediction_that_is_not_the_given_label_the_surest_first() -> None:
    frame = unpack(predictions())
    assert mistakes(frame, "test", 9)["file"].tolist() == ["[e].png", "d.png"]
    assert mistakes(frame, "test", 1)["file"].tolist() == ["[e].png"]
    assert mistakes(frame, "train", 9)["file"].tolist() == ["a.png", "b.png"]


def test_a_run_with_predictions_shows_its_worst_mistakes(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", KEY, f"--out={out}", "--mistakes=1"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[-6:]]
    assert lines[0][:6] == ["2", "of", "3", "test", "images", "that"]
    assert lines[2] == ["[e].png", "cup", "eye", "0.5000"]
    assert lines[3][:5] == ["2", "of", "2", "training", "images"]
    assert lines[5] == ["a.png", "bell", "arrow", "0.7500", "arrow"]


def test_true_labels_that_nobody_knows_are_called_unknown(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(out).write(run(), result(run=run()), None, predictions(true_known=False))
    assert main(["show", KEY, f"--out={out}"]) == 0
    assert capsys.readouterr().out.split()[-5:] == ["b.png", "bell", "arrow", "0.7500", "unknown"]


def test_a_run_without_predictions_says_how_to_have_them(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(out).write(run(), result(run=run()))
    assert main(["show", KEY, f"--out={out}"]) == 0
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.startswith("for its worst mistakes: promptnoise bench --methods=coop ")
    assert line.endswith("--save_predictions --out=FOLDER")
    assert main(["show", KEY, f"--out={out}", "--mistakes=0"]) == 0
    assert "mistakes" not in capsys.readouterr().out


def test_changed_predictions_are_named_below_the_record(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Store(out).path(run()).with_suffix(".parquet").write_bytes(b"")
    assert main(["show", KEY, f"--out={out}"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith(f".parquet is not the file that {run()} wrote")


def test_fewer_than_no_mistakes_are_refused(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", KEY, f"--out={out}", "--mistakes=-1"]) == 2
    assert "mistakes is -1, should be at least 0" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" * 9])
def test_what_is_no_table_is_refused_in_one_line(content: bytes) -> None:
    with pytest.raises(BadRecord, match="it is no table of predictions"):
        unpack(content)
