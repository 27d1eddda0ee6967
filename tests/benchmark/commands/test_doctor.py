"""`promptnoise doctor` says what is there, what is missing and what is broken, and its exit code tells."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmark.__main__ import main
from tests.support import encoded


def doctor(tmp_path: Path, *words: str) -> int:
    return main(
        ["doctor", f"--out={tmp_path / 'results'}", f"--cache={tmp_path / 'cache'}", f"--data={tmp_path}", *words]
    )


def test_a_machine_that_can_run_the_default_bench_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(tmp_path) == 0
    text = capsys.readouterr().out
    for expected in ("torch ", "cores", "embedded is there", "ready: ", "digits", "GiB free", "W&B"):
        assert expected in text
    assert "BAD" not in text
    assert len(text.splitlines()) < 24, "one screen"
    assert not list(tmp_path.iterdir()), "nothing is made"


def test_files_of_features_are_found_and_one_of_them_is_a_backbone_that_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = encoded.write(tmp_path / "pets.npz")
    assert doctor(tmp_path, f"--backbone=features:{path}") == 0
    text = capsys.readouterr().out
    assert f"DATASETS=features: pets.npz in {tmp_path}" in text
    assert f"whose outputs are in features:{path}" in text and "BAD" not in text
    assert doctor(tmp_path, "--backbone=features:nowhere.npz") == 1
    assert "nowhere.npz is not there" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--backbone=RN5/openai"], "open_clip has no model 'RN5'"),
        (["--out=FOLDER/file/results"], "cannot be written"),
    ],
)
def test_what_is_broken_is_named_and_told_by_the_exit_code(
    words: list[str], complaint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    where = [f"--cache={tmp_path}", f"--data={tmp_path}"]
    assert main(["doctor", *where, *(word.replace("FOLDER", str(tmp_path)) for word in words)]) == 1
    text = capsys.readouterr().out
    assert "BAD" in text and complaint in text


def test_builds_that_do_not_fit_together_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    assert doctor(tmp_path) == 1
    assert "must be of one build" in capsys.readouterr().out


def test_a_model_from_the_network_is_a_note_and_no_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(tmp_path, "--backbone=ViT-B-16/openai") == 0
    assert "comes from the network" in capsys.readouterr().out
