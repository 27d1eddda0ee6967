"""`promptnoise tune` from the command line to the chosen rates."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from benchmark.__main__ import main

SMALL = ["--methods=zero_shot,coop,ce", "--noise=0.5", "--seeds=1", "--shots=4", "--epochs=2", "--devices=cpu"]


def test_each_method_gets_a_rate_and_everything_tried_is_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", *SMALL, "--datasets=digits", "--lr=0.001,0.02", f"--out={tmp_path}"]) == 0
    table = pd.read_csv(tmp_path / "tuning.csv")
    assert table.groupby("method")["chosen"].sum().to_dict() == {"linear_probe": 1, "coop": 1}
    assert sorted(table["lr"].unique()) == [0.001, 0.02] and table["recipe"].unique().tolist() == ["embedded[epochs=2]"]
    assert len(list((tmp_path / "runs" / "digits").glob("*.json"))) == 6  # zero-shot, too, stands under both recipes
    printed = capsys.readouterr().out
    assert "CoOp: lr " in printed and "in 1 pack\n" in printed


def test_without_a_val_split_a_quarter_of_the_shots_is_held_out(tmp_path: Path) -> None:
    for split, name, index in [(s, n, i) for s in ("train", "test") for n in ("cat", "dog") for i in range(4)]:
        file = tmp_path / "pets" / split / name / f"{index}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), (60 * index, 90 if name == "cat" else 200, 30)).save(file)
    out = tmp_path / "out"
    data = f"--datasets=folder:{tmp_path / 'pets'}"
    assert main(["tune", *SMALL, data, "--lr=0.001,0.02", f"--out={out}"]) == 0
    assert pd.read_csv(out / "tuning.csv")["recipe"].unique().tolist() == ["embedded[epochs=2,hold_out=0.25]"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--lr=0.01"], "should be two learning rates or more"),
        (["--lr=fast,slow"], "lr: 'fast' should be a number"),
        (["--lr=0,0.1"], "lr=0 should be above 0"),
        (["--recipe=coop[lr=0.1]"], "has a learning rate already"),
    ],
)
def test_bad_input_is_one_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tune", *SMALL, "--datasets=digits", f"--out={tmp_path / 'out'}", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not (tmp_path / "out").exists()
