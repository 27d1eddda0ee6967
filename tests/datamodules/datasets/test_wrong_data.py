"""Data sets that are missing, damaged or inconsistent: one line says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from datamodules import catalog
from datamodules.errors import CorruptImage, DataError
from tests.support import coop_folders as make

Content = dict[str, list[list[Any]]]
Change = Callable[[Content], Any]


def test_a_corrupt_or_truncated_image_is_named_with_its_path(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path, {"train": 2, "test": 1})
    images = catalog.open_dataset(f"folder:{tmp_path}").train.images
    whole = (tmp_path / "train/cat/00.png").read_bytes()
    (tmp_path / "train/cat/00.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "train/cat/01.png").write_bytes(b"not a picture")
    for index in range(2):
        with pytest.raises(CorruptImage, match=rf"train/cat/0{index}.png cannot be read as a picture: \w+"):
            images[index]


def bad_split(tmp_path: Path, change: Change) -> None:
    content = make.rows({"train": 4, "val": 1, "test": 2})
    path = make.make_split_file(tmp_path, "dtd", content)
    path.write_text(json.dumps(change(content) or content))


def drop_class_from(part: str) -> Change:
    def change(content: Content) -> None:
        content[part] = [row for row in content[part] if row[1] != 0]

    return change


def set_row(index: int, column: int, value: object) -> Change:
    def change(content: Content) -> None:
        content["train"][index][column] = value

    return change


def one_class(content: Content) -> Content:
    return {part: [row for row in rows if row[1] == 0] for part, rows in content.items()}


def same_names(content: Content) -> Content:
    return {
        part: [[path, label, "Apple Pie" if label == 2 else name] for path, label, name in rows]
        for part, rows in content.items()
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (set_row(0, 0, "banded/gone.jpg"), r"split_zhou_\w+.json lists .*images/banded/gone.jpg, which is not there$"),
        (set_row(0, 1, -1), r"label -1 of Handstand_Pushups/train_0.jpg is out of range"),
        (set_row(0, 1, 7), r"label 7 is out of range, as no image has label 3"),
        (set_row(0, 1, 0), r"label 0 is called both 'Handstand_Pushups' and 'apple_pie'"),
        (set_row(0, 1, "x"), r"is not a split file of the form"),
        (drop_class_from("train"), r"dtd: class 'apple pie' has no training images$"),
        (drop_class_from("test"), r"dtd: class 'apple pie' has no test images$"),
        (one_class, r"dtd: one class only \(apple pie\)"),
        (same_names, r"classes 0 \(apple pie\) and 2 \(Apple Pie\) have the same name 'apple pie'"),
        (lambda content: {"training": []}, r"the train or the test list is empty"),
        (lambda content: [1, 2], r"is not a split file of the form"),
    ],
)
def test_a_wrong_split_file_gets_one_clear_line(tmp_path: Path, change: Change, message: str) -> None:
    bad_split(tmp_path, change)
    with pytest.raises(DataError, match=message) as error:
        catalog.open_dataset("dtd", tmp_path)
    assert "\n" not in str(error.value)


def test_a_split_file_that_is_not_json_is_named(tmp_path: Path) -> None:
    make.make_split_file(tmp_path, "dtd").write_text("{")
    with pytest.raises(DataError, match=r"split_zhou_DescribableTextures.json cannot be read as JSON"):
        catalog.open_dataset("dtd", tmp_path)


@pytest.mark.parametrize("name", [*make.SPLIT_FILES, "imagenet", "fgvc_aircraft", "food101n", "cifar10n"])
def test_what_is_missing_is_said_with_what_to_do(tmp_path: Path, name: str) -> None:
    for root in (None, tmp_path):
        with pytest.raises(DataError, match=r"(set DATA to the folder|is not there; there must be)") as error:
            catalog.open_dataset(name, root)
        assert "\n" not in str(error.value)
        assert catalog.status(name, root).startswith("missing: ")
    if name in make.SPLIT_FILES:
        make.make_split_file(tmp_path, name).unlink()
        with pytest.raises(DataError, match=r"split_zhou_\w+\.json is not there"):
            catalog.open_dataset(name, tmp_path)
        assert f"or use hf:{name}" in catalog.status(name, tmp_path)
        make.make_split_file(tmp_path, name)
        assert catalog.status(name, tmp_path) == "ready"


def test_a_class_in_one_split_only_is_named(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path, {"train": 1, "test": 1})
    make.picture(tmp_path / "test/bird/0.png")
    with pytest.raises(DataError, match=r"test/bird is a class without training images"):
        catalog.open_dataset(f"folder:{tmp_path}")
    make.picture(tmp_path / "train/bird/0.png")
    (tmp_path / "test/bird/0.png").unlink()
    with pytest.raises(DataError, match=r"class 'bird' has no test images"):
        catalog.open_dataset(f"folder:{tmp_path}")


def test_folders_whose_readable_names_collide_are_named(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path, {"train": 1, "test": 1}, ("red_dog", "red dog"))
    with pytest.raises(DataError, match=r"classes 0 \(.*\) and 1 \(.*\) have the same name \'red dog\'"):
        catalog.open_dataset(f"folder:{tmp_path}")


def test_unknown_names_and_options_get_the_nearest_match_and_the_list() -> None:
    with pytest.raises(DataError, match=r"unknown data set 'eurosta': did you mean 'eurosat'\? known: caltech101"):
        catalog.check("eurosta")
    with pytest.raises(DataError, match=r"'dtd' has no option 'size'; it has: template"):
        catalog.check("dtd[size=3]")
    with pytest.raises(DataError, match=r"has no option 'size'; it has: config, image, label"):
        catalog.check("hf:a/b[size=3]")


def test_a_template_must_have_a_place_for_the_name(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path, {"train": 1, "test": 1})
    with pytest.raises(DataError, match=r"template 'no place' must hold \{\} once"):
        catalog.open_dataset(f"folder:{tmp_path}[template=no place]")
    with pytest.raises(DataError, match=r"template 'no place' must hold \{\} once"):
        catalog.open_dataset("digits[template=no place]")
