"""A shop's folder from audit to predictions, by the commands that are printed on the way."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.audit.ranking_quality import quality
from tests.support.shared import SHARED

SCRIPT = SHARED / "cases" / "products.py"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SCRIPT.is_file(), reason=f"no {SCRIPT}"),
]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    subprocess.run([sys.executable, str(SCRIPT), str(folder)], check=True, capture_output=True)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def printed_command(printed: str, name: str) -> list[str]:
    """The arguments of the printed command NAME."""
    (line,) = re.findall(rf"run: promptnoise ({name} .*)", printed)
    return shlex.split(line)


def number(file: str) -> int:
    return int(Path(file).stem.removeprefix("IMG_"))


def accuracy(predictions: Path, truth: dict[str, str]) -> float:
    rows = rows_of(predictions)
    assert len(rows) == len(truth)
    return sum(truth[row["file"]] == row["predicted"] for row in rows) / len(rows)


def test_the_loop_runs_through_by_the_printed_commands(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    products, truth = shop / "products", json.loads((shop / "products_truth.json").read_text())
    assert main(["audit", str(products), "--correct=0.14", "--pictures=40"]) == 0
    printed = capsys.readouterr().out

    rows = rows_of(Path("audit/labels.csv"))
    wrong = np.array([truth[row["file"]] != row["given"] for row in rows])
    found = np.array([float(row["p_wrong"]) for row in rows])
    said = json.loads(Path("audit/summary.json").read_text())
    assert said["wrong_share_interval"][0] <= wrong.mean() <= said["wrong_share_interval"][1]
    assert quality(-found, wrong).auroc > 99
    assert len(rows_of(Path("audit/left_out.csv"))) == 5, "three truncated, one empty, one of another kind"
    copies = rows_of(Path("audit/duplicates.csv"))
    assert len(copies) >= 18
    made = [max(number(row["file"]), number(row["other_file"])) for row in copies]
    assert min(made) >= 1500, "look-alikes are no copies"

    table, place = re.findall(r"put (\S+) into (\S+)/ and run: promptnoise bench", printed)[0]
    shutil.copy(table, place)
    right = sum(truth[row["file"]] == row["audited_label"] for row in rows_of(Path(table)))
    assert right / len(rows) > 0.98 > 1 - wrong.mean()

    bench = printed_command(printed, "bench")
    assert main([*bench, "--methods=linear_probe,zero_shot", "--seeds=1", "--wandb=disabled"]) == 0
    printed += (told := capsys.readouterr().out)
    assert re.search(r"^labels +as given +audited +gain", told, re.M) and re.search(r"about 1\d % wrong", told)

    assert main(printed_command(told, "export")) == 0
    predict = printed_command(capsys.readouterr().out, "predict")
    new = json.loads((shop / "new_truth.json").read_text())
    assert main([str(shop / "new") if word == "FOLDER" else word for word in predict]) == 0
    assert accuracy(Path("predictions.csv"), new) > 0.7

    capsys.readouterr()
    few = ["--methods=zero_shot,linear_probe", "--default=linear_probe", "--seeds=1"]
    assert main([*printed_command(printed, "choose"), *few]) == 0
    predict = printed_command(capsys.readouterr().out, "predict")
    assert main([str(shop / "new") if word == "FOLDER" else word for word in predict]) == 0
    assert accuracy(Path("predictions.csv"), new) > 0.95
