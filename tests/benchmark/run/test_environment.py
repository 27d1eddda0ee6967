"""The commit in records: that of the checkout that the code runs from, or none."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from benchmark.run.environment import commit_of


def git(*words: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *words], check=True, capture_output=True, text=True, env=own).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Two repositories, of which the first has the code."""
    for name in ("ours", "other"):
        git("init", "-q", str(tmp_path / name))
        (tmp_path / name / "code.py").write_text(f"# {name}\n")
        git("-C", str(tmp_path / name), "add", "code.py")
        git("-C", str(tmp_path / name), "commit", "-q", "-m", name)
    return tmp_path


@pytest.mark.parametrize("variable", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_NAMESPACE"])
def test_variables_of_git_put_no_other_repository_s_commit_into_records(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    ours = git("-C", str(checkout / "ours"), "rev-parse", "--short", "HEAD")
    monkeypatch.setenv(variable, str(checkout / "other" / (".git/index" if "INDEX" in variable else ".git")))
    assert commit_of(checkout / "ours" / "code.py") == ours
    assert commit_of(checkout / "code.py") == ""


def test_code_that_is_installed_inside_of_another_repository_has_no_commit(checkout: Path) -> None:
    installed = checkout / "other" / ".venv" / "benchmark" / "environment.py"
    installed.parent.mkdir(parents=True)
    installed.write_text("# not tracked\n")
    assert commit_of(installed) == ""
