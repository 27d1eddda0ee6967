"""The notebook of the docs runs from top to bottom and says what it was saved with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support import notebook

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "start.ipynb"


def words(book: dict[str, Any]) -> list[set[str]]:
    """For each code cell the words of its outputs, without numbers, signs and lines of progress."""
    code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    texts = [["".join(part.get("text", part.get("data", {}).get("text/plain", ""))) for part in cell["outputs"]]
             for cell in code]  # fmt: skip
    lines = [
        [line for text in own for line in text.splitlines() if not re.search("runs done|^cpu: ", line)] for own in texts
    ]
    return [set(re.findall(r"[A-Za-z_/]{2,}", " ".join(own))) for own in lines]


@pytest.mark.slow
def test_the_notebook_runs_and_prints_what_it_was_saved_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    saved, run = notebook.read(FILE), notebook.read(FILE)
    names = notebook.execute(run, tmp_path)
    assert [len(own) > 0 for own in words(run)] == [len(own) > 0 for own in words(saved)]
    differing = [count for count, (new, old) in enumerate(zip(words(run), words(saved), strict=True), 1) if new != old]
    assert set(differing) <= {7}  # which pictures are first is decided by the last digits of their scores
    assert names["means"].shape == (3, 2) and (names["audited"]["audited_label"] != names["truth"]).mean() < 0.1
    assert [path.name for path in tmp_path.iterdir()] == ["start"]


def test_the_notebook_was_saved_after_a_run_from_top_to_bottom_and_names_no_folder_of_a_machine() -> None:
    book = notebook.read(FILE)
    counts = [cell["execution_count"] for cell in book["cells"] if cell["cell_type"] == "code"]
    assert counts == list(range(1, len(counts) + 1))
    shown = " ".join(str(cell.get("outputs")) for cell in book["cells"])
    assert not re.search(r"/(?:home|root|tmp|work|Users)/", re.sub(r"'image/png': '[^']*'", "", shown))
