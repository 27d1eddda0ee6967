"""Make: variables become options as they are, whatever is in them, and one that is nearly ours starts nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
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
        names = ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "VENV", "PYTHON", "INSTALLER", "RUN")
        clean = {name: value for name, value in os.environ.items() if name not in names}
        ours = {"VENV": "", "PYTHON": str(self.python)}
        given = [*words, *environment]
        command = ["make", *words, *(f"{name}={value}" for name, value in ours.items()
                                     if not any(word.split("=")[0] == name for word in given))]  # fmt: skip
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


ODD = [
    "an it's/here",
    'a "b"',
    "a b;touch p",
    "a`touch p`",
    "a$(touch p)",
    "a$(shell touch p)",
    "a&touch p",
    "$HOME",
    "a:b#c",
]


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("origin", ["command line", "environment"])
def test_python_and_venv_may_lie_anywhere_and_are_no_shell_text(
    make: Make, name: str, origin: str, tmp_path: Path
) -> None:
    def run(**given: str) -> tuple[int, list[str], str]:
        make.noted.unlink(missing_ok=True)
        words = [f"{variable}={value}" for variable, value in given.items()]
        return make("bench", *words) if origin == "command line" else make("bench", **given)

    python = tmp_path / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    shutil.copy(make.python, python)
    assert run(PYTHON=str(python))[:2] == (0, ["bench"])
    assert run(VENV=str(tmp_path / name))[:2] == (0, ["bench"])
    assert run(PYTHON="/nowhere/" + name)[0] == 2
    assert not [path for folder in (tmp_path, ROOT) for path in folder.glob("**/p" if folder == tmp_path else "p")]


@pytest.mark.parametrize("name", ["new", "new it's"])
def test_a_new_environment_is_made_once_and_again_when_what_it_holds_changes(
    make: Make, name: str, tmp_path: Path
) -> None:
    """A Python that makes environments of links to itself; pip is one of the modules that it notes."""
    text = make.python.read_text()
    link = 'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; fi; '
    make.python.write_text(text.replace("then printf", f"then {link}printf"))
    venv = tmp_path / name
    for expected in (["venv", "pip", "pip", "benchmark"], ["benchmark"]):
        code, _, error = make("bench", f"VENV={venv}", "INSTALLER=pip")
        assert code == 0, error
        words = make.noted.read_text().splitlines()
        assert [word for before, word in pairwise(words) if before == "-m"] == expected
        assert ("--require-hashes" in words) == ("--no-deps" in words) == ("venv" in expected)
        make.noted.unlink()
    assert (venv / ".installed").exists()
    os.utime(venv / ".installed", (0, 0))
    make("bench", f"VENV={venv}", "INSTALLER=pip")
    assert "venv" in make.noted.read_text().splitlines()


def test_a_bench_installs_what_training_needs_and_the_tests_add_the_rest_once(make: Make, tmp_path: Path) -> None:
    """A uv that notes what it is asked for."""
    text, asked, venv = make.python.read_text(), tmp_path / "asked", tmp_path / "new it's"
    uv = f'printf \'#!/bin/sh\\necho "$@" >> {asked}\\n\' > "$3/bin/uv"; chmod 755 "$3/bin/uv"'
    link = f'if [ "$2" = venv ]; then mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; {uv}; fi; '
    make.python.write_text(text.replace("then printf", f"then {link}printf"))
    for target, expected in (
        ("bench", ["-e ."]),
        ("format", ["--compile-bytecode -e .[dev]"]),
        ("format", []),
        ("bench", []),
    ):
        code, _, error = make(target, f"VENV={venv}")
        assert code == 0, error
        given = asked.read_text().splitlines() if asked.exists() else []
        assert [line.split("-c constraints.txt ")[1] for line in given] == expected
        asked.unlink(missing_ok=True)


def test_every_package_of_the_set_up_is_pinned_with_hashes_and_comes_from_no_named_place() -> None:
    text = (ROOT / "constraints.txt").read_text()
    assert "://" not in text and "--index" not in text and " @ " not in text
    lines = text.replace("\\\n", "").splitlines()
    one = re.compile(r"([a-z0-9-]+)==[\w.]+( ; [^-]*)?( +--hash=sha256:[0-9a-f]{64})+ *")
    pinned = {found[1] for line in lines if (found := one.fullmatch(line))}
    assert sum(one.fullmatch(line) is not None for line in lines) == len(lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for asked in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        name = re.split(r"[^\w-]", asked)[0].lower().replace("_", "-")
        assert name in pinned, f"make lock: {name} is not in constraints.txt"


def test_an_installation_that_fails_is_not_taken_for_one(make: Make, tmp_path: Path) -> None:
    venv = tmp_path / "new"
    code, _, _ = make("bench", f"VENV={venv}", "INSTALLER=pip")
    assert code == 2
    assert not (venv / ".installed").exists()


def test_every_target_hands_its_variables_over(make: Make) -> None:
    words = {
        "report": ["report", "--out=o'o"],
        "sync": ["sync", "--out=o'o", "--wandb=w", "--wandb_project=it's", "--wandb_tags=a, b"],
        "speed": ["speed", "--out=o'o", "--devices=d"],
        "list": ["list", "--data=a"],
        "embedded": ["--out=o'o"],
    }
    for target, expected in words.items():
        code, noted, error = make(
            target, "OUT=o'o", "WANDB=w", "WANDB_PROJECT=it's", "WANDB_TAGS=a, b", "DEVICES=d", "DATA=a"
        )
        assert (code, noted) == (0, expected), error
        make.noted.unlink()


def test_a_paper_gets_its_name_and_the_variables_of_bench(make: Make) -> None:
    switches = ("SAVE_PREDICTIONS=1", "DRY_RUN=0")
    code, noted, error = make("paper", "PAPER=nl'prompt", "QUICK=1", "DATA=a", "OUT=o'o", *switches)
    words = ["--paper=nl'prompt", "--quick=true", "--data=a", "--out=o'o", "--save_predictions=true", "--dry_run=false"]
    assert (code, noted) == (0, ["paper", *words]), error


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
    others = ("SHELL=/bin/sh", "JOBS=3", "WANDB_API_KEY=x", "WANDB_BASE_URL=x", "WANDB_MODE=offline")
    code, noted, error = make("bench", *others, "SEEDS=1", **ordinary)
    assert (code, noted) == (0, ["bench", "--seeds=1"]), error


def test_a_name_with_quotes_runs_nothing(make: Make, tmp_path: Path) -> None:
    make("bench", f"SEED';touch${{IFS}}{tmp_path / 'p'};'=1")
    assert not (tmp_path / "p").exists()
