"""What users bring to an audit: decisions about pictures, and probabilities of their own classifier."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.audit.decisions import read_decisions, read_probabilities
from benchmark.audit.doubtful import Doubtful, open_doubtful
from benchmark.errors import BadInput
from datamodules.datasets.digits import CLASSES, load
from datamodules.formats.images import FileImages

EACH, SWAPPED = 12, 3
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of each of four digits, of which the first three of each lie with the next digit."""
    root, split = tmp_path_factory.mktemp("digits"), load().train
    for label in range(4):
        for number, row in enumerate(np.flatnonzero(split.labels == label)[:EACH].tolist()):
            path = root / CLASSES[(label + (number < SWAPPED)) % 4] / f"{CLASSES[label]}{number:02}.png"
            path.parent.mkdir(exist_ok=True)
            split.images[row].save(path)
    return root


def true_class(file: str) -> str:
    return "".join(letter for letter in Path(file).stem if letter.isalpha())


def audited(folder: Path, out: Path, *words: str) -> tuple[dict, list[str]]:  # type: ignore[type-arg]
    common = ["audit", str(folder), "--pictures=0", "--prompt=no", "--devices=cpu", f"--out={out}"]
    assert main([*common, *words]) == 0
    rows = (out / "labels.csv").read_text(encoding="utf-8").splitlines()
    return json.loads((out / "summary.json").read_text()), [row.split(",")[0] for row in rows[1:]]


def test_a_good_classifier_of_the_user_ranks_wrong_labels_first_and_is_named(folder: Path, tmp_path: Path) -> None:
    data = open_doubtful(str(folder))
    right = np.array([data.values.index(true_class(file)) for file in data.files])
    probabilities = np.full((48, 4), 0.02, np.float32)
    probabilities[np.arange(48), right] = 0.94
    np.save(tmp_path / "own.npy", probabilities)
    summary, order = audited(folder, tmp_path / "with", f"--pred_probs={tmp_path / 'own.npy'}")
    wrong = {file for file in data.files if Path(file).parent.name != true_class(file)}
    assert set(order[: len(wrong)]) == wrong
    assert summary["weights"]["own"] > 0
    assert abs(summary["wrong_share"] - len(wrong) / 48) < 0.1


@pytest.mark.parametrize(
    ("images", "missed", "learned"), [(200, 0, True), (199, 0, False), (400, 1, True), (400, 2, False)]
)
def test_a_classifier_that_learned_the_given_labels_by_heart_is_refused(
    tmp_path: Path, images: int, missed: int, learned: bool
) -> None:
    data = replace(pets(tmp_path), given=np.arange(images) % 2)
    own = np.eye(2)[np.where(np.arange(images) < missed, 1 - data.given, data.given)]
    np.save(tmp_path / "own.npy", own)
    if not learned:
        np.testing.assert_allclose(read_probabilities(tmp_path / "own.npy", data), own)
        return
    with pytest.raises(BadInput, match="predicts all labels, as what learned them does; make it out of fold"):
        read_probabilities(tmp_path / "own.npy", data)


def test_decided_pictures_keep_their_decision_whatever_classifiers_say(folder: Path, tmp_path: Path) -> None:
    data = open_doubtful(str(folder))
    table, file = tmp_path / "checked.csv", data.files[0]
    other = next(value for value in data.values if value != Path(file).parent.name)
    table.write_text(f"file,label\n{file},{other}\n")
    audited(folder, tmp_path / "out", f"--checked={table}")
    line = next(row for row in (tmp_path / "out" / "labels.csv").read_text().splitlines() if row.startswith(f"{file},"))
    assert other in line.split(",")[1:3]
    assert file not in (tmp_path / "out" / "questions.csv").read_text()
