"""Dark, blurred and tiny pictures, by cleanvision or a stand-in of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from benchmark.audit import picture_issues as module
from benchmark.audit.doubtful import Doubtful, Picked
from benchmark.audit.picture_issues import ISSUES, paths_of, picture_issues
from datamodules.formats.images import FileImages


class Imagelab:
    """A stand-in: pictures whose names begin with an issue have it."""

    def __init__(self, filepaths: list[str], verbose: bool = True) -> None:
        names = [Path(path).stem for path in filepaths]
        columns = {f"is_{issue}_issue": [name.startswith(issue) for name in names] for issue in ISSUES}
        self.issues = pd.DataFrame(columns, index=filepaths)

    def find_issues(self, issue_types: dict[str, object], verbose: bool = True) -> None:
        print("a table that nobody asked for")
        assert set(issue_types) == set(ISSUES)


def data() -> Doubtful:
    images = FileImages(Path("/data"), ("a/dark.png", "a/fine.png", "b/blurry.png", "b/odd_size.png"))
    rows = np.array([1, 2, 3])
    files = tuple(images.paths[row] for row in rows)
    return Doubtful("data", Picked(images, rows), files, np.array([0, 1, 1]), ("a", "b"), ("a", "b"), "{}")


def test_issues_are_named_in_words_by_file(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    stand_in = ModuleType("cleanvision")
    stand_in.__dict__["Imagelab"] = Imagelab
    monkeypatch.setattr(module, "IS_INSTALLED", True)
    monkeypatch.setitem(sys.modules, "cleanvision", stand_in)
    assert paths_of(data().images) == ["/data/a/fine.png", "/data/b/blurry.png", "/data/b/odd_size.png"]
    assert picture_issues(data()) == {"b/blurry.png": "blurred", "b/odd_size.png": "of an odd size"}
    assert capsys.readouterr().out == ""


def test_without_cleanvision_nothing_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IS_INSTALLED", False)
    assert picture_issues(data()) == {}
