"""Make: variables become options as they are, whatever is in them, and one that is nearly ours starts nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make here")


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return Make(tmp_path)


class Make:
    """Make with a Python that notes how it is called with `-m` instead of doing it."""

    def __init__(self, folder: Path) -> None:
        self.python, self.noted = folder / "python", folder / "noted"
        note = f'printf "%s\\n" "$@" >> {self.noted}'
        self.python.write_text(f'#!/bin/sh\nif [ "$1" = -m ]; then {note}; else exec {sys.executable} "$@"; fi\n')
        self.python.chmod(0o755)

    def __call__(self, *words: str, **environment: str) -> tuple[int, list[str], str]:
        """Exit code, arguments that Python got, and standard error."""
        names = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS")
        clean = {name: value for name, value in os.environ.items() if name not in names}
        command = ["make", *words, "VENV=", f"PYTHON={self.python}"]
        done = subprocess.run(
            command, cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=False, timeout=60
        )
        noted = self.noted.read_text().splitlines()[2:] if self.noted.exists() else []
        return done.returncode, noted, done.stderr


@pytest.mark.parametrize(
    "value",
    [
        "folder:/it's/here",
        "x' ; touch {p} ; echo '",
        'x" ; touch {p} ; echo "',
        "`touch {p}`",
        "$(touch {p})",
        "$(shell touch {p})",
        "$HOME and ${HOME}",
        "a\\b #c %d & > <",
        "coop,gce[q=0.5]",
        "a$$b",
    ],
)
@pytest.mark.parametrize("origin", ["command line", "environment"])
def test_a_value_arrives_as_it_was_typed(make: Make, value: str, origin: str, tmp_path: Path) -> None:
    value = value.replace("{p}", str(tmp_path / "p"))
    given = (f"DATASETS={value}",) if origin == "command line" else ()
    code, noted, error = make("bench", *given, **({} if given else {"DATASETS": value}))
    assert (code, noted) == (0, ["bench", f"--datasets={value}"]), error
    assert not (tmp_path / "p").exists()


def test_every_target_hands_its_variables_over(make: Make) -> None:
    words = {
        "report": ["report", "--out=o'o"],
        "sync": ["sync", "--out=o'o", "--wandb=w"],
        "speed": ["speed", "--out=o'o", "--devices=d"],
        "list": ["list", "--data=a"],
        "embedded": ["--out=o'o"],
    }
    for target, expected in words.items():
        code, noted, error = make(target, "OUT=o'o", "WANDB=w", "DEVICES=d", "DATA=a")
        assert (code, noted) == (0, expected), error
        make.noted.unlink()


def test_a_paper_gets_its_name_and_the_variables_of_bench(make: Make) -> None:
    code, noted, error = make("paper", "PAPER=nl'prompt", "QUICK=1", "DATA=a", "OUT=o'o", "DRY_RUN=0")
    assert (code, noted) == (
        0, ["paper", "--paper=nl'prompt", "--quick=true", "--data=a", "--out=o'o", "--dry_run=false"]
    ), error  # fmt: skip


@pytest.mark.parametrize(
    ("value", "option"),
    [
        ("1", "--dry_run=true"),
        ("true", "--dry_run=true"),
        ("yes", "--dry_run=true"),
        ("0", "--dry_run=false"),
        ("false", "--dry_run=false"),
        ("no", "--dry_run=false"),
        ("maybe", "--dry_run=maybe"),
    ],
)
def test_a_switch_can_be_off(make: Make, value: str, option: str) -> None:
    assert make("bench", f"DRY_RUN={value}")[1] == ["bench", option]
    make.noted.unlink()
    assert make("bench", f"SKIP_BAD_IMAGES={value}")[1] == ["bench", option.replace("dry_run", "skip_bad_images")]


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("SEED=1", "SEEDS"),
        ("noise=0.5", "NOISE"),
        ("METHOD=coop", "METHODS"),
        ("PAPERS=coop", "PAPER"),
        ("NOISETYPE=uniform", "NOISE_TYPE"),
        ("noise-type=uniform", "NOISE_TYPE"),
        ("EPHOCS=3", "EPOCHS"),
        ("OUTPUT=x", "OUT"),
        ("PYTHN=x", "PYTHON"),
    ],
)
def test_a_variable_that_is_nearly_ours_starts_nothing(make: Make, given: str, meant: str) -> None:
    code, noted, error = make("bench", given)
    assert (code, noted) == (2, [])
    assert f"there is no variable {given.split('=')[0]}; did you mean {meant}?" in error


def test_so_does_one_from_the_environment(make: Make) -> None:
    code, noted, error = make("bench", SEED="1")
    assert (code, noted) == (2, [])
    assert "did you mean SEEDS?" in error


def test_other_variables_are_none_of_our_business(make: Make) -> None:
    ordinary = {"SHELL": "/bin/sh", "out": "/nix/store", "DATA_DIR": "x", "CACHE_DIR": "x", "noise": "x", "TERM": "x"}
    code, noted, error = make("bench", "SHELL=/bin/sh", "JOBS=3", "SEEDS=1", **ordinary)
    assert (code, noted) == (0, ["bench", "--seeds=1"]), error


def test_a_name_with_quotes_runs_nothing(make: Make, tmp_path: Path) -> None:
    make("bench", f"SEED';touch${{IFS}}{tmp_path / 'p'};'=1")
    assert not (tmp_path / "p").exists()
