"""Every block of code in the README and the docs runs, or says why it does not or which test runs it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import COMMANDS, main
from benchmark.commands._app import parse
from tests.support.code_blocks import Block, code_blocks, commands
from tests.support.zygote import python

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
BLOCKS = [block for page in PAGES for block in code_blocks(page)]
SHELL = [block for block in BLOCKS if block.language in ("bash", "console")]
PROGRAMS = {"promptnoise", "make", "pip", "python", "ray", "head", "docker"}
#: What a plan says where pictures, weights or a cluster's package are not on this machine; all else was understood.
ABSENT = re.compile(
    r"is not there|not on this machine|no weights|promptnoise fetch|needs? .*--data|needs (the|a) (package|program)"
)
OF_READERS = re.compile(r"\b(?:mine|hinge|bootstrapping)\b(?:\[[^\]]*\])?")


def shown(block: Block) -> str:
    return str(block)


def test_every_fence_opens_a_block_of_a_known_language() -> None:
    fences = sum(len(re.findall(r"^ *```", page.read_text(encoding="utf-8"), flags=re.MULTILINE)) for page in PAGES)
    assert fences == 2 * len(BLOCKS)
    kinds = {"bash", "console", "python", "toml", "text"}
    assert [str(block) for block in BLOCKS if block.language not in kinds] == [], "give the fence a language"


def test_no_command_stands_in_a_page_without_a_fence() -> None:
    lines = [(page.name, line) for page in PAGES for line in re.sub(r"^( *)```.*?^\1```", "", page.read_text(),
             flags=re.DOTALL | re.MULTILINE).splitlines()]  # fmt: skip
    assert [line for line in lines if re.match(r"(?: {4}|\t)\s*(?:promptnoise|make|python|pip) ", line[1])] == []


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.mark == "run by"], ids=shown)
def test_a_test_that_a_block_names_is_there(block: Block) -> None:
    sources = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").rglob("test_*.py")))
    assert any(f"def {block.why}(" in source for source in sources), f"{block} names {block.why}"


def test_blocks_that_cannot_run_here_say_why() -> None:
    assert all(len(block.why) > 8 for block in BLOCKS if block.mark)
    unmarked = [block for block in BLOCKS if not block.mark and block.language in ("console", "toml")]
    assert [str(block) for block in unmarked] == [], "<!-- not run: REASON --> or <!-- run by: TEST --> before it"


@pytest.mark.parametrize("page", [page for page in PAGES if any(b.language == "python" for b in code_blocks(page))],
                         ids=lambda page: page.name)  # fmt: skip
def test_the_python_of_a_page_runs_from_top_to_bottom(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    for block in code_blocks(page):
        if block.language == "python" and not block.mark:
            exec(compile(block.text, str(block), "exec"), names)


@pytest.mark.parametrize("block", SHELL, ids=shown)
def test_a_command_of_a_page_is_understood(
    block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options and their values; grids are planned, too."""
    monkeypatch.chdir(tmp_path)
    for words in commands(block):
        assert words[0] in PROGRAMS, f"{block}: {words[0]} is not checked"
        words = understood(words)
        if not words:
            continue
        assert words[0] in COMMANDS, f"{block}: there is no command {words[0]}"
        parse(words[0], import_module(f"benchmark.commands.{words[0]}").Options, words[1:])
        if words[0] == "bench":
            code = main([*words, "--dry-run"]) if "--dry-run" not in words else main(words)
            error = capsys.readouterr().err
            assert code == 0 or (code == 2 and ABSENT.search(error)), f"{block}: {error}"


def understood(words: list[str]) -> list[str]:
    """The words after `promptnoise`; of `make TARGET` with `NAME=VALUE` as `--name=VALUE`; none of other programs."""
    program, *rest = [OF_READERS.sub("gce", word) for word in words]
    if program == "promptnoise":
        return rest
    if program != "make":
        return []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.search(rf"^{rest[0]}:", makefile, flags=re.MULTILINE), f"there is no target {rest[0]}"
    if rest[0] not in COMMANDS:
        return []
    pairs = [word.partition("=") for word in rest[1:]]
    known = re.findall(r"\w+", "".join(re.findall(r"^(?:VARIABLES|OF_PAPER) := (.*)", makefile, flags=re.MULTILINE)))
    assert [name for name, _, _ in pairs if name not in known] == []
    return [rest[0], *(f"--{name.lower()}={value}" for name, _, value in pairs)]


@pytest.mark.slow
@pytest.mark.parametrize("block", [b for b in SHELL if b.language == "bash" and not b.mark], ids=shown)
def test_a_block_of_the_shell_runs(block: Block, tmp_path: Path) -> None:
    """In an empty home; one that starts with make in a copy of the project, with this Python."""
    here = tmp_path / "here"
    here.mkdir()
    if any(words[0] == "make" for words in commands(block)):
        copy_project(here)
    done = shell(block.text, here, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_first_steps_with_a_method_of_one_s_own(tmp_path: Path) -> None:
    page = ROOT / "docs" / "own_method.md"
    method, bench = [block for block in code_blocks(page) if block.language in ("python", "bash")][:2]
    copy_project(tmp_path)
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "methods" / "mine.py").write_text(method.text, encoding="utf-8")
    (check,) = re.findall(r"`make test TESTS='([^']*)'`", page.read_text(encoding="utf-8"))
    done = shell(f"promptnoise list | grep -A1 mine\n{bench.text}\npython -m pytest {check}", tmp_path, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mine[beta=0.8]" in (tmp_path / "results" / "leaderboard.csv").read_text(encoding="utf-8")


def copy_project(folder: Path) -> None:
    for part in ("benchmark", "methods", "datamodules", "results/reference"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("Makefile", "README.md", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, folder)


def shell(text: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Runs lines of bash that find `promptnoise` and `python`: this project's, or the copy of it in `folder`."""
    programs = home / "programs"
    programs.mkdir()
    for name, command in {"promptnoise": "-m benchmark", "python": ""}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec "{python()}" {command} "$@"\n')
        (programs / name).chmod(0o755)
    source = folder if (folder / "benchmark").is_dir() else ROOT
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "WANDB", "PROMPTNOISE"))}
    own = {"HOME": str(home), "DATA": str(home / "data"), "VENV": "", "PYTHON": python(),
           "PYTHONPATH": str(source), "PATH": f"{programs}:{os.environ['PATH']}"}  # fmt: skip
    command = ["bash", "-euo", "pipefail", "-c", text]
    return subprocess.run(
        command, cwd=folder, env=clean | own, capture_output=True, text=True, check=False, timeout=900
    )
