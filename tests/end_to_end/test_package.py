"""The wheel and the source archive hold what the project needs at run time, and an installed wheel trains."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UV = (sys.executable, "-m", "uv", "--offline", "--quiet")
BUILD = (*UV, "build", "--no-build-isolation", f"--python={sys.executable}")
PACKAGES = ("benchmark", "datamodules", "methods", "promptnoise")
#: Rooms that stay in the repository.
LEFT_OUT = ("benchmark/pretrain/", "benchmark/speed/")
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and source archive, built without a network from the files that git knows."""
    if not all(map(find_spec, ("setuptools", "twine", "uv"))):
        pytest.skip("setuptools, twine or uv is not installed: pip install -e '.[dev]'")
    here = tmp_path_factory.mktemp("package")
    listed = run(ROOT, "git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    if listed.returncode:
        pytest.skip("not a checkout of git")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (here / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            (here / "source" / name).write_bytes((ROOT / name).read_bytes())
    done = run(here, *BUILD, "--out-dir=dist", "source")
    assert done.returncode == 0, done.stdout + done.stderr
    return here / "dist"


def test_both_archives_pass_the_check_of_the_index(built: Path) -> None:
    files = [str(next(built.glob(ending))) for ending in ("*.whl", "*.tar.gz")]
    done = run(built, sys.executable, "-m", "twine", "check", "--strict", *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wheel_holds_every_file_of_the_packages_but_timing_and_pretraining_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    source = built.parent / "source"
    files = (path for package in PACKAGES for path in (source / package).rglob("*") if path.is_file())
    names = {path.relative_to(source).as_posix() for path in files}
    assert inside == {name for name in names if not name.startswith(LEFT_OUT)}
    assert all(any(name.startswith(room) for name in names) for room in LEFT_OUT)
    for ending in (
        ".safetensors",
        "suites/quick.toml",
        "recipes/embedded.toml",
        "audit/gallery/page.html",
        "report/page/page.html",
        "py.typed",
    ):
        assert any(name.endswith(ending) for name in inside), ending
    assert any(name.startswith("benchmark/published/") and name.endswith(".csv") for name in inside)


def test_the_source_archive_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    done = run(tmp_path, *BUILD, "--wheel", "--out-dir=again", str(source))
    assert done.returncode == 0, done.stdout + done.stderr
    names = [zipfile.ZipFile(next(place.glob("*.whl"))).namelist() for place in (built, tmp_path / "again")]
    assert sorted(names[0]) == sorted(names[1])
    assert (source / "docs" / "start.ipynb").is_file() and (source / "tests" / "conftest.py").is_file()
    assert all((source / room / "__init__.py").is_file() for room in LEFT_OUT)


def test_an_installed_wheel_trains_away_from_the_checkout(built: Path, tmp_path: Path) -> None:
    """In a new environment that finds the packages which promptnoise needs where they are now."""
    venv = tmp_path / "venv"
    assert run(tmp_path, sys.executable, "-m", "venv", "--without-pip", str(venv)).returncode == 0
    python = venv / "bin" / "python"
    wheel = str(next(built.glob("*.whl")))
    done = run(tmp_path, *UV, "pip", "install", "--no-deps", f"--python={python}", wheel)
    assert done.returncode == 0, done.stderr
    (site,) = venv.glob("lib/python*/site-packages")
    present = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (site / "present.pth").write_text("\n".join(present) + "\n")
    where = run(tmp_path, str(python), "-c", "import benchmark; print(benchmark.__file__)").stdout
    assert where.startswith(str(site)), where
    done = run(tmp_path, str(venv / "bin" / "promptnoise"), "bench", "--suite=quick")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "results" / "leaderboard.csv").is_file()
    for command in ("speed", "pretrain"):
        done = run(tmp_path, str(venv / "bin" / "promptnoise"), command)
        assert done.returncode == 2 and len(done.stderr.splitlines()) == 1, done.stderr
        assert "repository" in done.stderr and "checkout" in done.stderr


def run(where: Path, *command: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return subprocess.run(command, cwd=where, env=own, capture_output=True, text=True, check=False, timeout=900)
