"""Data sets on disk: layouts, splits, and what the catalogue says of them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from datamodules import catalog
from datamodules.dataset import Dataset
from datamodules.errors import DataError
from datamodules.fewshot import few_shot
from datamodules.formats.images import FileImages
from datamodules.plugins import tree
from tests.support import coop_folders as make
from tests.support.shared import SHARED, needs_shared

REAL = {"dtd": (47, 2820, 1692), "eurosat": (10, 13500, 8100), "oxford_pets": (37, 2944, 3669)}
TEMPLATES = {
    "imagenet": "a photo of a {}.",
    "caltech101": "a photo of a {}.",
    "oxford_pets": "a photo of a {}, a type of pet.",
    "stanford_cars": "a photo of a {}.",
    "oxford_flowers": "a photo of a {}, a type of flower.",
    "food101": "a photo of {}, a type of food.",
    "fgvc_aircraft": "a photo of a {}, a type of aircraft.",
    "sun397": "a photo of a {}.",
    "dtd": "{} texture.",
    "eurosat": "a centered satellite photo of {}.",
    "ucf101": "a photo of a person doing {}.",
}


def assert_sound(dataset: Dataset, images: bool = True) -> None:
    """Asserts what holds for every data set."""
    parts = [part for part in (dataset.train, dataset.val, dataset.test) if part is not None]
    places = [part.images.describe(i) for part in parts for i in range(len(part.images))]
    assert len(places) == len(set(places))
    for part in parts:
        assert len(part.images) == len(part.labels)
        assert part.labels.dtype == np.int64
    for part in (dataset.train, dataset.test):
        assert set(part.labels.tolist()) == set(range(len(dataset.classes)))
    if images:
        assert dataset.test.images[0].mode == "RGB"
        assert len({part.images.fingerprint for part in parts}) == len(parts)


@pytest.mark.parametrize("name", make.SPLIT_FILES)
def test_a_folder_of_a_coop_user_works_unchanged(tmp_path: Path, name: str) -> None:
    make.make_split_file(tmp_path, name)
    dataset = catalog.open_dataset(name, tmp_path)
    assert_sound(dataset)
    assert dataset.classes == ("apple pie", "baby back ribs", "Handstand Pushups")
    assert dataset.template == TEMPLATES[name]
    assert dataset.train.labels.tolist() == [2] * 4 + [0] * 4 + [1] * 4
    assert dataset.val is not None
    assert [len(part.labels) for part in (dataset.val, dataset.test)] == [3, 6]
    assert dataset.train.images.describe(4).endswith("apple_pie/train_0.jpg")


def test_aircraft_are_read_from_their_own_text_files(tmp_path: Path) -> None:
    make.make_aircraft(tmp_path)
    dataset = catalog.open_dataset("fgvc_aircraft", tmp_path)
    assert_sound(dataset)
    assert dataset.template == TEMPLATES["fgvc_aircraft"]
    assert dataset.classes == ("707-320", "DHC-8 100", "F-16A/B")
    assert dataset.train.labels.tolist() == [0, 1, 2] * 4


def test_imagenet_takes_clips_names_even_where_two_classes_share_one(tmp_path: Path) -> None:
    make.make_imagenet(tmp_path)
    dataset = catalog.open_dataset("imagenet", tmp_path)
    assert_sound(dataset)
    assert dataset.template == TEMPLATES["imagenet"]
    assert dataset.classes == ("tench", "white stork", "sunglasses", "sunglasses")
    assert dataset.val is None


@needs_shared
@pytest.mark.parametrize("name", REAL)
def test_the_real_split_files_load_and_give_the_published_draws(tmp_path: Path, name: str) -> None:
    images, split = make.SPLIT_FILES[name]
    text = (SHARED / "data/coop_splits/splits" / Path(split).name).read_text()
    paths = [f"{tmp_path}/{images}/{path}" for rows in json.loads(text).values() for path, _, _ in rows]
    for folder in {Path(path).parent for path in paths}:
        folder.mkdir(parents=True)
    for path in paths:
        os.mknod(path)
    (tmp_path / split).write_text(text)
    dataset = catalog.open_dataset(name, tmp_path)
    assert_sound(dataset, images=False)
    assert (len(dataset.classes), len(dataset.train.labels), len(dataset.test.labels)) == REAL[name]
    published = json.loads((SHARED / f"data/coop_splits/indices/{name}/shot_16-seed_2.json").read_text())["train"]
    drawn = few_shot(dataset.train.labels, 16, 2).tolist()
    assert drawn == published["indices"]
    for item, index in zip(published["data"], drawn, strict=True):
        assert dataset.train.images.describe(index).endswith(item["impath"].removeprefix("./data"))
        assert dataset.classes[item["label"]] == item["classname"].replace("_", " ")


def test_a_folder_of_class_folders_is_a_data_set(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path, {"train": 3, "val": 1, "test": 2})
    dataset = catalog.open_dataset(f"folder:{tmp_path}[template=a sketch of a {{}}, on paper.,name=pets]")
    assert_sound(dataset)
    assert dataset.classes == ("cat", "red dog")
    assert dataset.template == "a sketch of a {}, on paper."
    assert dataset.train.labels.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_folder_may_name_its_classes(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path, {"train": 1, "test": 1}, ("n01", "n02"))
    (tmp_path / "classnames.txt").write_text("n02 red dog\nn01 cat\n")
    assert catalog.open_dataset(f"folder:{tmp_path}").classes == ("cat", "red dog")
    (tmp_path / "classnames.txt").write_text("n02 red dog\n")
    with pytest.raises(DataError, match=r"gives no name for the folder 'n01'"):
        catalog.open_dataset(f"folder:{tmp_path}")


def test_food101n_trains_on_the_webs_labels_and_tests_on_food101(tmp_path: Path) -> None:
    make.make_food101n(tmp_path)
    dataset = catalog.open_dataset("food101n", tmp_path)
    assert_sound(dataset)
    assert not dataset.has_clean_labels
    assert dataset.given["web"].tolist() == dataset.train.labels.tolist() == [0, 1, 2] * 5
    assert dataset.test.images.describe(0).endswith("food-101/images/Handstand_Pushups/test_0.jpg")


def test_the_fingerprint_changes_with_the_images_and_their_order_only(tmp_path: Path) -> None:
    make.make_class_folders(tmp_path / "a", {"train": 2, "test": 1})
    images = catalog.open_dataset(f"folder:{tmp_path / 'a'}").train.images
    assert isinstance(images, FileImages)
    before = images.fingerprint
    assert catalog.open_dataset(f"folder:{tmp_path / 'a'}").train.images.fingerprint == before
    (tmp_path / "a").rename(tmp_path / "b")
    assert catalog.open_dataset(f"folder:{tmp_path / 'b'}").train.images.fingerprint == before
    for path in images.paths:
        (tmp_path / "b" / path).write_bytes(b"alike")
        os.utime(tmp_path / "b" / path, (0, 0))
    alike = replace(images, root=tmp_path / "b")
    assert alike.fingerprint != replace(alike, paths=alike.paths[::-1]).fingerprint
    before = alike.fingerprint
    make.picture(tmp_path / "b/train/cat/00.png", 99)
    assert catalog.open_dataset(f"folder:{tmp_path / 'b'}").train.images.fingerprint != before


def test_a_template_in_brackets_replaces_that_of_an_embedded_data_set():
    plain, changed = (catalog.open_dataset(name) for name in ("digits", "digits[template=the digit {}]"))
    assert (changed.template, changed.name) == ("the digit {}", "digits[template=the digit {}]")
    assert plain.template == "a picture of the number {}."
    assert changed.train.images.fingerprint == plain.train.images.fingerprint


def test_the_catalogue_knows_the_eleven_and_says_what_each_is() -> None:
    assert set(TEMPLATES) | {"resisc45", "mnist", "cifar10", "cifar100", "cifar10n", "cifar100n", "food101n"} <= set(
        catalog.known()
    )
    for name in catalog.known():
        assert len((ast.get_docstring(tree(f"datamodules.datasets.{name}")) or "").split("\n")[0]) > 10


def test_names_are_checked_and_states_shown_without_importing_torch_or_the_hub() -> None:
    code = (
        "import sys; from datamodules import catalog; catalog.check('dtd'); "
        "[catalog.status(name) for name in ('dtd', 'imagenet', 'cifar10', 'cifar10n', 'food101n')]; "
        "assert not {'torch', 'datasets', 'open_clip'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
