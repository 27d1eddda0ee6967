"""promptnoise as a library: the same work as the commands, returned as tables."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import promptnoise


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("library") / "results"


@pytest.fixture(scope="module")
def board(out: Path) -> promptnoise.Leaderboard:
    return promptnoise.bench(
        out, methods=["zero_shot", "linear_probe"], datasets=["digits"], noise=[0, 0.5], seeds=range(1, 3), shots=2,
        epochs=2, wandb="disabled", skip_bad_images=True,
    )  # fmt: skip


def test_a_bench_returns_the_leaderboard_that_it_writes(board: pd.DataFrame, out: Path) -> None:
    written = pd.read_csv(out / "leaderboard.csv")
    assert set(board["method"]) == {"zero_shot", "linear_probe"} and len(board) == 4
    assert board["mean"].round(2).tolist() == written["mean"].round(2).tolist()


def test_runs_are_loaded_one_a_row(board: promptnoise.Leaderboard) -> None:
    runs = board.runs
    probes = runs[runs["method"] == "linear_probe"]
    assert len(probes) == 4 and sorted(set(probes["seed"])) == [1, 2]


def test_a_report_is_written_and_its_page_named(board: promptnoise.Leaderboard, out: Path) -> None:
    assert board.report() == out / "report.html"
    assert (out / "report.html").read_text(encoding="utf-8").startswith("<!doctype html")


def test_tables_taken_from_a_leaderboard_are_plain(board: promptnoise.Leaderboard) -> None:
    assert type(board[board["rate"] == 0]) is type(board.set_index("method")) is pd.DataFrame


def test_an_audit_returns_the_most_suspicious_images_first(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    for name, shade in (("dark", 40), ("light", 210)):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(12):
            pixels = random.normal(shade, 20, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{number}.png")
    wrong = tmp_path / "data" / "dark" / "0.png"
    wrong.rename(tmp_path / "data" / "light" / "moved.png")
    table = promptnoise.audit(tmp_path / "data", tmp_path / "audit", pictures=0, prompt="no")
    assert len(table) == 24
    assert table.iloc[0]["file"].endswith("moved.png")


def test_methods_are_listed_with_names_families_and_options() -> None:
    methods = promptnoise.list_methods()
    assert methods.loc["gce", "name"] == "PromptGCE" and methods.loc["gce", "options"]["q"] == 0.7
    assert set(methods["family"]) > {"prompt", "head", "adapter"}


@pytest.mark.parametrize(("options", "said"), [
    ({"method": "coop"}, "Did you mean"), ({"methods": ["cop"]}, "unknown method 'cop'"), ({"noise": [2]}, "outside"),
])  # fmt: skip
def test_bad_options_are_raised_and_not_printed(options: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(promptnoise.UserError, match=said):
        promptnoise.bench(tmp_path, **options)
    with pytest.raises(promptnoise.UserError, match="there is no results folder"):
        promptnoise.load(tmp_path / "nothing")


def test_a_notebook_completes_all_that_is_public() -> None:
    assert dir(promptnoise) == sorted([*promptnoise.__all__, "__version__"])
    assert all(callable(getattr(promptnoise, name)) for name in promptnoise.__all__)


@pytest.mark.parametrize("name", ["benchmark", "methods", "datamodules"])
def test_a_folder_of_ones_own_in_the_way_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    command = [sys.executable, "-c", "import promptnoise"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {tmp_path}/{name} is found as `{name}`, should be"), done.stderr


def test_the_program_starts_from_here_without_pandas_or_torch_and_names_what_is_in_its_way(tmp_path: Path) -> None:
    asked = "import sys, promptnoise.__main__; sys.exit(bool({'pandas', 'torch'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
    (tmp_path / "benchmark").mkdir()
    (tmp_path / "benchmark" / "__init__.py").touch()
    command = [sys.executable, "-m", "promptnoise", "list", "noise"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert f"{tmp_path}/benchmark is found as `benchmark`" in done.stderr.splitlines()[-1]
