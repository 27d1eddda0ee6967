"""A folder of class folders without a test set, split by the names of its files, and labels that may be wrong."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from datamodules import catalog
from datamodules.dataset import Split
from datamodules.errors import DataError
from datamodules.formats.held_out import held_out
from datamodules.formats.images import FileImages
from tests.support import coop_folders as make


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten cats and ten red dogs."""
    root = tmp_path_factory.mktemp("pets")
    make.make_class_folders(root, {"": 10})
    return root


def paths(split: Split) -> list[str]:
    assert isinstance(split.images, FileImages)
    return list(split.images.paths)


TESTS = ["cat/06.png", "cat/09.png", "red_dog/02.png", "red_dog/08.png"]


def test_a_fifth_of_each_class_is_for_testing_and_always_the_same(folder: Path, tmp_path: Path) -> None:
    dataset = catalog.open_dataset(f"folder:{folder}[split=0.2,name=pets]")
    assert paths(dataset.test) == TESTS
    assert dataset.test.labels.tolist() == [0, 0, 1, 1]
    everything = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    assert sorted(paths(dataset.train) + TESTS) == everything
    assert dataset.train.labels.tolist() == [0] * 8 + [1] * 8
    assert dataset.classes == ("cat", "red dog") and dataset.has_clean_labels and dataset.val is None
    elsewhere = tmp_path / "elsewhere"
    for path in reversed(everything):
        (elsewhere / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / path, elsewhere / path)
    assert paths(catalog.open_dataset(f"folder:{elsewhere}[split=0.2]").test) == TESTS
    make.picture(elsewhere / "cat/10.png")
    assert len(set(paths(catalog.open_dataset(f"folder:{elsewhere}[split=0.2]").test)) - set(TESTS)) <= 1


@pytest.mark.parametrize("name", ["audited.csv", "by hand.csv"])
def test_what_an_audit_corrects_is_corrected_in_the_test_images_too(
    name: str, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(folder, tmp_path / "pets")
    spec = f"folder:{tmp_path / 'pets'}[split=0.2]"
    rows = ["cat/06.png,red_dog", "cat/09.png,cat", "red_dog/02.png,red_dog"]  # and none of red_dog/08.png
    rows += [f"{path},cat" for path in paths(catalog.open_dataset(spec).train)]
    (tmp_path / "pets" / name).write_text("\n".join(["file,audited_label", *rows]))
    dataset = catalog.open_dataset(spec)
    assert paths(dataset.test) == TESTS and dataset.test.labels.tolist() == [1, 0, 1, 1]
    assert dataset.given["audited"].tolist() == [0] * 16 and dataset.train.labels.tolist() == [0] * 8 + [1] * 8
    assert f"{name}: 1 of 4 test labels are corrected by it, too" in caplog.text


def test_labels_of_people_and_of_the_web_leave_the_test_labels_alone(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "pets")
    pictures = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))
    lines = ["file,web_label", *(f"{path},cat" for path in pictures)]
    (tmp_path / "pets/web.csv").write_text("\n".join(lines))
    dataset = catalog.open_dataset(f"folder:{tmp_path / 'pets'}[split=0.2]")
    assert dataset.test.labels.tolist() == [0, 0, 1, 1] and dataset.given["web"].tolist() == [0] * 16


@pytest.mark.parametrize(("share", "tests"), [(0.01, 1), (0.25, 2), (0.29, 2), (0.3, 3), (0.99, 9)])
def test_every_class_has_images_to_train_and_to_test_on_whatever_the_share(share: float, tests: int) -> None:
    labels, names = np.arange(20) % 2, [f"{n}" for n in range(20)]
    out = held_out("x", names, labels, ["a", "b"], share)
    assert np.bincount(labels[out]).tolist() == [tests, tests]
    order = np.random.default_rng(1).permutation(20)
    again = held_out("x", [names[n] for n in order], labels[order], ["a", "b"], share)
    assert (again == out[order]).all(), "the order of the files counts for nothing"


def test_names_with_accents_count_the_same_however_they_are_written() -> None:
    labels, classes = np.zeros(20, np.int64), ["a"]
    composed, apart = ([f"{letter}{n}" for n in range(20)] for letter in ("\u00e9", "e\u0301"))
    assert (held_out("x", composed, labels, classes, 0.5) == held_out("x", apart, labels, classes, 0.5)).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("[split=0]", r"split is the share of test images and should lie between 0 and 1, as in 0.2; got '0'"),
        ("[split=1]", r"got '1'"),
        ("[split=nan]", r"got 'nan'"),
        ("[split=fifth]", r"got 'fifth'"),
        ("[labels=maybe]", r"labels can be 'unknown' or left out; got 'maybe'"),
    ],
)
def test_an_option_out_of_range_is_refused_before_anything_is_opened(options: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        catalog.check(f"folder:/nowhere{options}")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        ({"": 2}, "", r"train is not there; .* or, to test on 20 % of each class .*, folder:\S+/x\[split=0.2\]$"),
        ({"train": 2}, "", r"x/test is not there; .*, folder:\S+/x/train\[split=0.2\]$"),
        ({"train": 2, "test": 1}, "[split=0.2]", r"x has train/ and test/ already; leave out \[split=0.2\]$"),
        ({"train": 2}, "[split=0.3]", r"x has train/ already; to split that, give folder:\S+/x/train\[split=0.3\]$"),
        ({"": 1}, "[split=0.2]", r"class 'cat' has one image; split needs two"),
        ({}, "[split=0.2]", r"x is not there; there must be one folder of images per class in it$"),
    ],
)
def test_a_folder_that_does_not_suit_gets_one_line_that_says_what_does(
    tmp_path: Path, parts: dict[str, int], options: str, message: str
) -> None:
    make.make_class_folders(tmp_path / "x", parts)
    with pytest.raises(DataError, match=message) as error:
        catalog.open_dataset(f"folder:{tmp_path / 'x'}{options}")
    assert "\n" not in str(error.value)
    if "one image" not in message:
        assert catalog.status(f"folder:{tmp_path / 'x'}{options}").startswith("missing: ")


def test_classes_called_train_and_test_are_classes(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path, {"": 3}, ("train", "plane", "test"))
    assert catalog.open_dataset(f"folder:{tmp_path}[split=0.4]").classes == ("plane", "test", "train")


def test_labels_that_are_called_unknown_are_not_taken_for_the_truth(folder: Path, tmp_path: Path) -> None:
    assert not catalog.open_dataset(f"folder:{folder}[split=0.2,labels=unknown]").has_clean_labels
    make.make_class_folders(tmp_path, {"train": 2, "test": 1})
    assert not catalog.open_dataset(f"folder:{tmp_path}[labels=unknown]").has_clean_labels
    assert catalog.open_dataset(f"folder:{tmp_path}").has_clean_labels
