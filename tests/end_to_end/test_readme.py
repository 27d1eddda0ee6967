"""What the README shows works: its method, its commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmark.__main__ import main
from benchmark.commands import COMMANDS as KNOWN
from benchmark.plan.method_names import printed
from methods.options.former_names import renamed
from tests.support.zygote import python

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
INDEX = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
SMALL = ["--datasets=digits", "--noise=0", "--seeds=1", "--shots=2", "--epochs=4", "--out=results"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


MAKE = [line for block in blocks("bash") for line in block.splitlines() if line.startswith("make ")]
SHORTER = {
    "sync": ["--wandb=disabled"],
    "tune": ["--epochs=1", "--seeds=1", "--shots=2"],
    "detect": ["--noise=0.25", "--noise_type=symmetric"],
}
COMMANDS = re.findall(r"^\| `promptnoise ([^`]*)`", INDEX, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the README's method and the results of a small grid."""
    copy = tmp_path_factory.mktemp("readme") / "copy"
    for part in ("benchmark", "methods", "datamodules", "results/reference"):
        shutil.copytree(ROOT / part, copy / part)  # with what is compiled already
    for file in ("Makefile", "README.md", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, copy)
    method = next(block for block in blocks("python") if "class Method" in block)
    (copy / "methods" / "hinge.py").write_text(method)
    methods = "--methods=coop,hinge,hinge[margin=0.1]"
    done = run(copy, python(), "-m", "benchmark", "bench", methods, *SMALL)
    assert done.returncode == 0, done.stderr
    return copy


def run(where: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=where, capture_output=True, text=True, check=False, timeout=300)


def test_the_method_of_the_readme_is_one_short_file_that_trains_is_listed_and_ranked(checkout: Path) -> None:
    method = (checkout / "methods" / "hinge.py").read_text()
    assert len(method.splitlines()) <= 20
    assert ",hinge," in (checkout / "results" / "leaderboard.csv").read_text()
    assert "margin=2.0" in run(checkout, python(), "-m", "benchmark", "list").stdout


def test_an_option_of_the_readme_s_method_changes_what_it_learns(checkout: Path) -> None:
    board = (checkout / "results" / "leaderboard.csv").read_text().splitlines()
    cells = [dict(zip(board[0].split(","), line.split(","), strict=True)) for line in board[1:]]
    means = {cell["mean"] for cell in cells if cell["method"].startswith("hinge")}
    assert len(means) == 2, board


def test_the_trainer_of_the_readme_runs_in_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    exec(next(block for block in blocks("python") if "lightning.Trainer" in block), names)
    assert names["method"].accuracy.shape == (3,)
    assert "test_accuracy" in capsys.readouterr().out


@pytest.mark.parametrize("line", MAKE)
def test_a_make_line_of_the_readme_runs(checkout: Path, line: str) -> None:
    """Benchmarks as a dry run, which misses data that is not here; what takes long as make would print it."""
    words = [*line.split(), "VENV=", f"PYTHON={python()}"]
    target = words[1]
    if target == "bench":
        done = run(checkout, *words, "DRY_RUN=1")
        assert re.search(r"\d+ runs, \d+ done, \d+ to do in (?:1 pack|(?!1 )\d+ packs)\b", done.stdout), done.stderr
        if "DATA=" in line or "folder:" in line:
            assert done.returncode in (0, 2)
            assert ("is not there; there must be" in done.stderr) == (done.returncode == 2)
            return
    else:
        done = run(checkout, *words, *([] if target == "help" else ["--dry-run"]))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("text", COMMANDS)
def test_a_command_of_the_first_page_of_the_docs_runs(
    checkout: Path, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    records = map(json.loads, map(Path.read_text, (checkout / "results" / "runs").glob("*/*.json")))
    key = next(record["key"] for record in records if record["run"]["method"] == "coop")
    words = text.replace("KEY", key).split()
    words += SHORTER.get(words[0], [])
    monkeypatch.chdir(checkout)
    code = main(words)
    said = "".join(capsys.readouterr())
    expected = {"sync": 2, "compare": 1}.get(words[0], 0)  # logging is off; a small grid lacks most reference cells
    assert code == expected, said
    assert said


def test_the_first_page_of_the_docs_names_every_command() -> None:
    assert {text.split()[0] for text in COMMANDS} | {"fetch", "predict", "readme", "speed"} >= set(KNOWN)


def test_the_readme_s_table_on_real_features_is_that_of_the_reference() -> None:
    board = pd.read_csv(ROOT / "results" / "reference" / "real" / "leaderboard.csv")
    board = board[board["noise"].isin(["none", "symmetric"]) & (board["shots"] == 16)]
    means = board.pivot_table(index="method", columns="rate", values="mean")
    rows = {printed(renamed(str(method))): [f"{mean:.1f}" for mean in row] for method, row in means.iterrows()}
    table = README.split("wrong | family |\n| :-- ")[1].split("\n\n")[0].splitlines()[1:]
    shown = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table]
    assert len(shown) >= 10
    assert {name: cells for name, *cells, _ in shown} == {name: rows.get(name) for name, *_ in shown}
    assert [family for *_, family in shown].index("ours") == len(shown) - 1  # ours stands last


def test_the_readme_is_read_in_five_minutes() -> None:
    prose = re.sub(r"```.*?```|^\|.*?$|<!--.*?-->", "", README, flags=re.DOTALL | re.MULTILINE)
    assert len(prose.split()) < 1000


def test_the_docs_are_short() -> None:
    """Words of prose and of tables that nobody generates; code and generated tables are not counted."""
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]
    left_out = r"<!-- results: begin.*?<!-- results: end -->|^ *```.*?```|<!--.*?-->"
    prose = " ".join(re.sub(left_out, "", page, flags=re.DOTALL | re.MULTILINE) for page in pages)
    assert sum(bool(re.search(r"\w", word)) for word in prose.split()) < 13_500
