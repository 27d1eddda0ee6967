"""A choice takes the audit's estimate of how labels go wrong, and each method's own recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.__main__ import main
from tests.support.shared import SHARED, needs_shared


def wrong_share(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("probably wrong")).partition(";")[0]


@pytest.mark.parametrize("shots", [6, 12])
def test_audit_and_choose_say_the_same_share_of_the_same_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shots: int
) -> None:
    data = ["digits", "--noise=0.3", f"--shots={shots}", "--devices=cpu"]
    assert main(["audit", *data, "--pictures=0", "--seed=2", f"--out={tmp_path / 'audit'}"]) == 0
    audited = wrong_share(capsys.readouterr().out)
    words = ["--methods=zero_shot", "--default=class_means", "--seeds=2", f"--out={tmp_path / 'choice'}"]
    assert main(["choose", *data, *words]) == 0
    assert wrong_share(capsys.readouterr().out) == audited
    assert audited in (tmp_path / "choice" / "card.md").read_text()


@needs_shared
def test_a_default_that_is_clearly_worse_is_left_on_real_features(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = f"features:{SHARED}/data/real_clip/pets19.npz"
    words = ["--noise=0.4", "--noise_type=asymmetric", "--methods=zero_shot", "--default=class_means", "--seeds=1"]
    assert main(["choose", spec, *words, f"--out={tmp_path}"]) == 0
    assert "chosen: zero_shot" in capsys.readouterr().out


def test_decisions_about_pictures_count_in_a_choice_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "checked.csv").write_text("file,label\nnowhere.png,zero\n")
    words = ["choose", "digits", "--shots=6", "--devices=cpu", f"--checked={tmp_path / 'checked.csv'}"]
    assert main([*words, f"--out={tmp_path / 'out'}"]) == 2
    assert "nowhere.png is not among the 60 images" in capsys.readouterr().err
