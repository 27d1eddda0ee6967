"""What users bring to an audit: decisions about pictures, and probabilities of their own classifier."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.audit.decisions import read_decisions, read_probabilities
from benchmark.audit.doubtful import Doubtful
from benchmark.errors import BadInput
from datamodules.formats.images import FileImages

FILES = ("cat/1.png", "cat/2.png", "dog/1.png")


def pets(folder: Path) -> Doubtful:
    return Doubtful("pets", FileImages(folder, FILES), FILES, np.array([0, 0, 1]), ("cat", "dog"), ("cat", "dog"), "{}")


def test_decisions_are_the_classes_of_the_images_that_have_a_line(tmp_path: Path) -> None:
    table = tmp_path / "decisions.csv"
    table.write_text("file,label\ndog/1.png,cat\ncat/1.png,dog\n")
    assert read_decisions(table, pets(tmp_path)).tolist() == [1, -1, 0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("file,class\ncat/1.png,cat\n", "has no column 'label'; decisions need the columns file and label"),
        ("file,label\ncat/1.png,cow\n", r"line 2: no class is called 'cow' \(there are cat, dog\)"),
        ("file,label\ncat/7.png,cat\n", "cat/7.png is not among the 3 images of pets"),
    ],
)
def test_decisions_that_cannot_be_used_are_refused_in_one_line(tmp_path: Path, text: str, line: str) -> None:
    table = tmp_path / "decisions.csv"
    table.write_text(text)
    with pytest.raises(BadInput, match=line):
        read_decisions(table, pets(tmp_path))


def test_probabilities_of_the_right_shape_come_back(tmp_path: Path) -> None:
    own = np.array([[0.5, 0.5], [1.0, 0.0], [0.2, 0.805]])
    np.save(tmp_path / "own.npy", own)
    found = read_probabilities(tmp_path / "own.npy", pets(tmp_path))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, own, atol=1e-6)


@pytest.mark.parametrize(
    ("own", "line"),
    [
        (np.full((2, 2), 0.5), r"float64 of shape \[2, 2\]; it should hold 2 probabilities for each of the 3 images"),
        (np.ones((3, 2), np.int64), "holds int64"),
        (np.array([[0.5, 0.5], [0.5, 0.48], [1, 0]]), "row 1: no probabilities that sum to 1"),
        (np.array([[0.5, 0.5], [0.5, 0.5], [1.5, -0.5]]), "row 2: no probabilities"),
        (np.array([[0.5, 0.5], [np.nan, 0.5], [1, 0]]), "row 1: no probabilities"),
        (np.array([[{}]], object), "is no array as numpy saves them"),
    ],
)
def test_probabilities_that_cannot_be_used_are_refused_in_one_line(tmp_path: Path, own: np.ndarray, line: str) -> None:
    np.save(tmp_path / "own.npy", own, allow_pickle=True)
    with pytest.raises(BadInput, match=line):
        read_probabilities(tmp_path / "own.npy", pets(tmp_path))
