"""Files of features as data sets: what is read, what is said of it, and what is refused."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from datamodules.catalog import open_dataset
from datamodules.dataset import Dataset
from datamodules.encoded import Rows
from datamodules.errors import DataError
from tests.support import encoded


def _open(path: Path, options: str = "") -> Dataset:
    return open_dataset(f"features:{path}{options}")


def _rows(dataset: Dataset, part: str = "train") -> Rows:
    images = getattr(dataset, part).images
    assert isinstance(images, Rows)
    return images


def test_a_file_gives_data_and_backbone_in_one(tmp_path: Path) -> None:
    made = encoded.arrays()
    dataset = _open(encoded.write(tmp_path / "made.npz", logit_scale=50.0))
    assert dataset.classes == ("class 0", "class 1", "class 2") and dataset.template == "{}"
    assert dataset.outputs is not None and dataset.outputs.texts is not None
    assert dataset.outputs.texts.shape == (1, 3, 8) and dataset.outputs.scale == 50.0 and dataset.outputs.notes == ()
    np.testing.assert_allclose(_rows(dataset).unit(), made["train_features"], atol=1e-6)
    np.testing.assert_array_equal(dataset.test.labels, made["test_labels"])


def test_every_kind_of_file_and_every_copy_has_the_same_content_and_name(tmp_path: Path) -> None:
    made = encoded.arrays()
    np.savez(tmp_path / "plain.npz", **made)
    np.savez_compressed(tmp_path / "packed.npz", **made)
    (tmp_path / "copy").mkdir()
    shutil.copy(tmp_path / "plain.npz", tmp_path / "copy" / "other.npz")
    (tmp_path / "folder").mkdir()
    for name, array in made.items():
        if name != "class_names":
            np.save(tmp_path / "folder" / f"{name}.npy", array)
    (tmp_path / "folder" / "class_names.txt").write_text("class 0\nclass 1\nclass 2\n")
    tensors = {name: array for name, array in made.items() if name != "class_names"}
    save_file(tensors, tmp_path / "tensors.safetensors", {"class_names": json.dumps(made["class_names"].tolist())})
    places = ("plain.npz", "packed.npz", "copy/other.npz", "folder", "tensors.safetensors")
    names = {dataset.outputs.name for place in places if (dataset := _open(tmp_path / place)).outputs}
    assert len(names) == 1 and next(iter(names)).startswith("features@")
    moved = made["train_features"].copy()
    moved[0, 0] += 0.01
    other = _open(encoded.write(tmp_path / "other.npz", train_features=moved)).outputs
    assert other is not None and other.name not in names


def test_uncompressed_arrays_are_mapped_and_not_read(tmp_path: Path) -> None:
    for path in (encoded.write(tmp_path / "made.npz"), tmp_path / "folder"):
        if path.suffix == "":
            path.mkdir()
            for name, array in encoded.arrays().items():
                np.save(path / f"{name}.npy", array)
        assert isinstance(_rows(_open(path)).table, np.memmap)


def test_a_plain_pair_of_arrays_with_string_labels_will_do(tmp_path: Path) -> None:
    made = encoded.arrays()
    np.save(tmp_path / "x.npy", 3 * made["train_features"])
    np.save(tmp_path / "y.npy", np.array(["cat", "dog", "cow"])[made["train_labels"]])
    dataset = _open(tmp_path / "x.npy", f"[labels={tmp_path / 'y.npy'},split=0.34]")
    assert dataset.classes == ("cat", "cow", "dog") and dataset.outputs is not None and dataset.outputs.texts is None
    assert len(dataset.test.labels) == 6 and len(dataset.train.labels) == 12
    assert [note.split(",")[0] for note in dataset.outputs.notes] == [
        "features are not all of unit length; they are normalised when read", "there is no test split",
    ]  # fmt: skip
    np.testing.assert_allclose(np.linalg.norm(_rows(dataset, "test").unit(), axis=1), 1, atol=1e-6)


def test_the_held_out_share_keeps_rows_labels_files_and_further_labels_together(tmp_path: Path) -> None:
    made = encoded.arrays()
    files = np.array([f"{number}.jpg" for number in range(18)])
    path = encoded.write(
        tmp_path / "made.npz", test_features=None, test_labels=None, train_files=files,
        train_labels_web=(made["train_labels"] + 1) % 3,
    )  # fmt: skip
    dataset = _open(path)
    for part in (dataset.train, dataset.test):
        images = part.images
        assert isinstance(images, Rows)
        for place, file in enumerate(images.files):
            row = int(file.removesuffix(".jpg"))
            assert part.labels[place] == made["train_labels"][row] and images.describe(place) == file
            np.testing.assert_allclose(images.unit(np.array([place]))[0], made["train_features"][row], atol=1e-6)
    np.testing.assert_array_equal(dataset.given["web"], (dataset.train.labels + 1) % 3)
    assert set(_rows(dataset).files).isdisjoint(_rows(dataset, "test").files)


def test_views_stand_beside_the_plain_features(tmp_path: Path) -> None:
    made = encoded.arrays()
    views = np.stack([made["train_features"], -made["train_features"]])
    rows = _rows(_open(encoded.write(tmp_path / "made.npz", views=views)))
    some = np.array([4, 2])
    np.testing.assert_allclose(rows.unit(some, view=1), -rows.unit(some))
    np.testing.assert_allclose(rows.unit(some, view=2), rows.unit(some, view=0))


def _bad(**changes: Any) -> Any:
    return changes


def _with(array: Any, place: Any, value: Any) -> Any:
    changed = array.copy()
    changed[place] = value
    return changed


MADE = encoded.arrays()
X, Y, T = MADE["train_features"], MADE["train_labels"], MADE["text_features_raw"]


@pytest.mark.parametrize("kind", ["floats", "one-hot", "one-hot of truth values", "a column", "bytes"])
def test_labels_are_taken_as_other_programs_save_them(kind: str, tmp_path: Path) -> None:
    names = np.array(MADE["class_names"])
    changes = {
        "floats": lambda labels: labels.astype(np.float32),
        "one-hot": lambda labels: np.eye(len(names))[labels],
        "a column": lambda labels: labels[:, None],
        "bytes": lambda labels: np.char.encode(names, "utf-8")[labels],
        "one-hot of truth values": lambda labels: np.eye(len(names), dtype=bool)[labels],
    }
    found = {name: changes[kind](own) if name.endswith("_labels") else own for name, own in MADE.items()}
    np.savez(tmp_path / "f.npz", **found)
    dataset = open_dataset(f"features:{tmp_path}/f.npz")
    assert dataset.train.labels.tolist() == Y.tolist()
    assert dataset.test.labels.tolist() == MADE["test_labels"].tolist()
    said = [note for note in dataset.outputs.notes if "one-hot" in note] if dataset.outputs else []
    assert said == ["labels are one-hot, the place of the 1 is the class: train_labels, test_labels"] * ("hot" in kind)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (_bad(train_features=None), "there is no train_features"),
        (_bad(train_labels=None), "there is no train_labels"),
        (_bad(test_labels=None), "there is no test_labels"),
        (_bad(train_features=X[:, 0]), "train_features should be floats"),
        (_bad(train_features=X[:5]), "one label for each of 5 rows"),
        (_bad(train_features=(100 * X).astype(int)), "train_features should be floats"),
        (_bad(train_features=_with(X, (3, 1), np.nan)), "row 3 of train_features is not finite"),
        (_bad(test_features=_with(X, (2, 0), np.inf)), "row 2 of test_features is not finite"),
        (_bad(train_features=_with(X, 5, 0)), "row 5 of train_features is all zero"),
        (_bad(train_features=_with(X.astype(float), 5, 1e200)), "row 5 of train_features is not finite"),
        (_bad(test_features=X[:, :4]), "test_features should be floats [18, 8]"),
        (_bad(train_labels=Y + 0.5), "train_labels should be whole numbers, got float64"),
        (_bad(train_labels=Y == 1), "train_labels should be whole numbers, got bool"),
        (_bad(train_labels=_with(Y, 0, 3)), "train_labels[0] is 3, out of range 0 ... 2"),
        (_bad(train_labels=_with(Y, 1, -1)), "train_labels[1] is -1, out of range 0 ... 2"),
        (_bad(train_labels=np.stack([Y, Y], 1)), "got shape (18, 2)"),
        (_bad(train_labels=Y + 1, class_names=None, text_features_raw=None), "the least of train_labels is 1, and"),
        (_bad(train_labels=np.where(Y == 2, 1, Y)), "class 'class 2' has no training images"),
        (_bad(test_labels=np.array(["class 0"] * 17 + ["cat"])), "test_labels has 'cat', which is no class"),
        (_bad(class_names=np.array(["a", "b", "A "])), "class_names has 'a' more than once"),
        (_bad(class_names=np.array(["a", "b", ""])), "class 2 has an empty name"),
        (_bad(class_names=np.array([1, 2, 3])), "class_names should be a list of strings"),
        (_bad(class_names=np.array(["a", "b"])), "out of range 0 ... 1"),
        (_bad(text_features_raw=T[:2]), "text_features_raw should be floats [3, 8]"),
        (_bad(text_features_raw=T[:, :4]), "text_features_raw should be floats [3, 8]"),
        (_bad(text_features_raw=_with(T, 0, 0)), "text_features_raw has a row that is all zero"),
        (_bad(views=X), "views should be floats [V, 18, 8]"),
        (_bad(logit_scale=-1.0), "logit_scale should be one number above 0"),
        (_bad(logit_scale=np.array([1.0, 2.0])), "logit_scale should be one number above 0"),
        (_bad(train_files=np.array(["a"])), "train_files should be 18 names"),
        (_bad(backbone=np.array("a b")), "backbone should be one name"),
        (_bad(train_features=np.array([[object()] * 8] * 18)), "Python objects, which are never unpickled"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_one_line(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError) as caught:
        _open(encoded.write(tmp_path / "made.npz", **changes))
    assert words in str(caught.value) and "\n" not in str(caught.value) and "made.npz" in str(caught.value)


def test_files_that_are_cut_off_are_one_line(tmp_path: Path) -> None:
    whole = encoded.write(tmp_path / "made.npz").read_bytes()
    save_file({"train_features": X, "train_labels": Y}, tmp_path / "made.safetensors")
    tensors = (tmp_path / "made.safetensors").read_bytes()
    np.save(tmp_path / "x.npy", X)
    array = (tmp_path / "x.npy").read_bytes()
    np.save(tmp_path / "y.npy", Y)
    for name, content in (("cut.npz", whole), ("cut.safetensors", tensors), ("cut.npy", array)):
        for size in (0, 5, len(content) // 2, len(content) - 3):
            (tmp_path / name).write_bytes(content[:size])
            with pytest.raises(DataError, match="cannot be read"):
                _open(tmp_path / name, f"[labels={tmp_path / 'y.npy'}]" if name.endswith("npy") else "")


def test_a_small_file_that_would_unpack_to_more_than_can_be_held_is_refused(tmp_path: Path) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({2**40}, 8), }}".ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train_features.npy", content + bytes(10_000))
    with pytest.raises(DataError, match="10000 are there"):
        _open(tmp_path / "bomb.npz")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("[template=a {}.]", "has no option 'template'"),
        ("[split=2]", "between 0 and 1"),
        ("[split=0.2]", "has a test split already"),
        ("[labels=elsewhere.npy]", "labels can be 'unknown' or left out"),
    ],
)
def test_options_that_do_not_suit_a_file_are_refused(tmp_path: Path, options: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        _open(encoded.write(tmp_path / "made.npz"), options)


def test_a_name_that_is_nearly_right_and_a_scale_that_looks_like_a_logarithm_are_said(tmp_path: Path) -> None:
    path = encoded.write(tmp_path / "made.npz", text_features=T, text_features_raw=None, logit_scale=4.6052)
    outputs = _open(path).outputs
    assert outputs is not None
    assert any("did you mean 'text_features_raw'" in note for note in outputs.notes)
    assert any("logarithm of 100" in note for note in outputs.notes)
