"""The site of docs/ builds without a warning and loads nothing from elsewhere; what its pages show works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from benchmark.__main__ import main
from benchmark.plan.method_catalog import methods
from datamodules import catalog, noise
from tests.end_to_end.conftest import PlugIn

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LOADED = re.compile(
    r"""<(?:script|img|iframe)\b[^>]*\bsrc="?(https?:[^"\s>]*)|<link\b[^>]*\bhref="?(https?:[^"\s>]*)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not all(map(find_spec, ("mkdocs", "material", "mkdocstrings"))):
        pytest.skip("mkdocs-material and mkdocstrings are not installed: pip install -e '.[dev]'")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", f"--site-dir={folder}"]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment, timeout=600)
    assert done.returncode == 0, done.stderr
    return folder


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 50
    found = {page.name: LOADED.findall(page.read_text(encoding="utf-8")) for page in pages}
    assert {name: links for name, links in found.items() if links} == {}


def test_every_method_has_a_page_with_its_options_and_its_results(site: Path) -> None:
    own = [name for name, info in methods().items() if info.module == f"methods.{name}"]
    assert [name for name in own if not (site / "methods" / f"{name}.html").is_file()] == []
    page = (site / "methods" / "gce.html").read_text(encoding="utf-8")
    assert all(text in page for text in ("<code>q</code>", "wrong labels", "<polyline"))


def test_every_page_is_in_the_navigation() -> None:
    files = [*DOCS.rglob("*.md"), *(book.with_suffix(".md") for book in DOCS.rglob("*.ipynb"))]
    pages = {page.relative_to(DOCS).as_posix() for page in files}
    shown = set(re.findall(r": ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.M))
    assert shown == pages


def test_every_kind_of_noise_has_a_picture() -> None:
    page = (DOCS / "noise.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\(pictures/noise-(\w+)\.png\)", page)) == noise.known()
    assert [kind for kind in noise.known() if not (DOCS / f"pictures/noise-{kind}.png").is_file()] == []


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Trains a small grid with these methods, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    small = ["--datasets=digits", "--noise=0", "--seeds=1", "--shots=2", "--epochs=1"]
    return lambda methods: main(["bench", f"--methods={methods}", *small])


def test_the_method_of_the_docs_is_ranked_as_a_plug_in_and_leaves_the_package_alone(
    bench: Callable[[str], int], plug_in: PlugIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (DOCS / "own_method.md").read_text(encoding="utf-8")
    code = re.search(r"    ```python\n(.*?)    ```", page, flags=re.S)
    entry = re.search(r'^\[project.entry-points."(.*)"\]\n(.*) = "(.*)"\n', page, flags=re.M)
    assert code and entry and entry[1] == "promptnoise.methods" and entry[3] == f"promptnoise_{entry[2]}"
    plug_in(entry[2], re.sub("^    ", "", code[1], flags=re.M))
    assert bench("bootstrapping,bootstrapping[beta=0.8]") == 0
    board = (tmp_path / "results" / "leaderboard.csv").read_text(encoding="utf-8")
    assert ",bootstrapping," in board and ",bootstrapping[beta=0.8]," in board
    assert bench("bootstrapping[beta=2]") == 2 and "at most 1" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the page leaves files open
def test_the_code_that_uses_an_exported_prompt_runs(
    bench: Callable[[str], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bench("coop") == 0
    key = next((tmp_path / "results" / "runs" / "digits").glob("*.json")).stem
    assert main(["export", key, "--to=prompt", "--words=false"]) == 0
    code = re.findall(r"```python\n(.*?)```", (DOCS / "export.md").read_text(encoding="utf-8"), flags=re.S)[-1]
    Image.new("L", (40, 30)).save("picture.png")
    capsys.readouterr()
    exec(code, {"__name__": "page"})
    assert capsys.readouterr().out.strip() in catalog.open_dataset("digits", None).classes
