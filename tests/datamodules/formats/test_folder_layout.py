"""Folders as people have them: read in full, or refused in one line that says what to give or do instead."""

from __future__ import annotations

import logging
import re
import subprocess
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from unicodedata import normalize

import pytest
from PIL import Image

from benchmark.audit.doubtful import open_doubtful
from datamodules.catalog import open_dataset
from datamodules.errors import UserError

CLASSES = ("cat", "dog", "emu")
SPLIT = r"folder:D\[split=0\.2\]$"
BELOW = "the classes lie further below: give folder:D"
#: A folder: what it holds (`PART` of three classes, `+FOLDER` of pictures, `-` an empty folder, else a file), then what
#: bench makes of it, and audit: numbers of training and test (and validation) images, or the message.
LAYOUTS: dict[str, tuple[Sequence[str], str, str]] = {
    "ours": (["train", "test"], "6/6", "6"),
    "capitals": (["Train", "TEST"], "6/6", "6"),
    "validation only": (["train", "validation"], "6/6", "6"),
    "valid beside test": (["train", "valid", "test"], "6/6/6", "6"),
    "dev": (["train", "dev"], "6/6", "6"),
    "eval": (["train", "eval"], "6/6", "6"),
    "Kaggle's brain tumours": (["Training", "Testing"], "6/6", "6"),
    "Kaggle's Intel scenes": (["seg_train/seg_train", "seg_test/seg_test", "+seg_pred/seg_pred"], "6/6", "6"),
    "Kaggle's cats": (["training_set/training_set", "test_set/test_set"], "6/6", "6"),
    "images of splits": (["train_images", "test_images"], "6/6", "6"),
    "sets": (["trainset", "testset"], "6/6", "6"),
    "years of COCO": (["train2017", "val2017"], "6/6", "6"),
    "images below splits": (["train/images", "test/images"], "6/6", "6"),
    "pictures below a class": (["train/cat/images/+", "train/dog/+", "test/cat/+", "test/dog/+"], "4/4", "4"),
    "pictures without labels": (["train", "test", "+train/unlabeled", "+unsup"], "6/6", "8"),
    "those beside classes": (["", "+Unlabelled_images"], f"D/train is not there.* {SPLIT}", "8"),
    "no test set": (["train"], r"D/test is not there.* folder:D/train\[split=0\.2\]$", "6"),
    "classes alone": ([""], f"D/train is not there.* {SPLIT}", "6"),
    "splits below classes": (["cat/train/+", "cat/test/+", "dog/train/+", "dog/test/+"], SPLIT, "8"),
    "a stray level": (["archive/train", "archive/test"], f"{BELOW}/archive$", f"one class only .*{BELOW}/archive$"),
    "two stray levels": (["a/b/train", "a/b/test", "README.md"], f"{BELOW}/a/b$", f"{BELOW}/a/b$"),
    "a Mac's archive": (["x/train", "x/test", "__MACOSX/x/train"], f"{BELOW}/x$", f"{BELOW}/x$"),
    "classes in images/": (["archive/images"], rf"{BELOW}/archive/images\[split=0\.2\]$", f"{BELOW}/archive/images"),
    "a test set alone": (["test"], rf"{BELOW}/test\[split=0\.2\]$", f"{BELOW}/test"),
    "flat validation": (
        ["train", "+val"],
        r"D/val holds 2 pictures \(0\.png \.\.\.\), but no folders; .* or test on 20 %",
        "6",
    ),
    "flat test": (["train", "+test"], r"D/test holds 2 pictures \(0\.png \.\.\.\), but no folders", "6"),
    "flat test in images/": (
        ["train", "+test/images"],
        "D/test/images .*: sort its pictures into folders of classes$",
        "6",
    ),
    "ImageNet's validation": (
        ["train", "val/ILSVRC2012_val_00000001.JPEG"],
        r"valprep\.sh of soumith/.* sorts them",
        "6",
    ),
    "a heap": (
        ["+"],
        "D holds 2 pictures .* put the pictures of each class into a folder of its name$",
        "holds 2 pictures .* put the pictures of each",
    ),
    "packed": (["train.zip", "test.zip"], "unpack test.zip first, so", "unpack test.zip first, so"),
    "nothing": ([], "D/train is not there; there must be D/", "holds no folders; put the pictures"),
    "folds": (
        ["fold1", "fold2", "fold3"],
        r"fold1, fold2, fold3 each hold the folders cat, dog, emu; .*/fold1\[",
        r"fold1, fold2, fold3 each hold the folders cat, dog, emu; .*/fold1\[",
    ),
    "pictures beside their boxes": (
        ["Annotation/cat/a.v1", "Annotation/dog/a.v1", "+Images/cat", "+Images/dog"],
        r"Annotation, Images each hold .* give one of the former, folder:D/Images\[split=0\.2\]",
        r"folder:D/Images\[split=0\.2\]",
    ),
    "a table beside a heap of test pictures": (["train", "+test", "test.tsv"], "promptnoise audit D/test.tsv", "6"),
    "years": (["2019", "2020"], "2019, 2020 each hold the folders", "2019, 2020 each hold the folders cat, dog, emu"),
    "a table beside pictures": (["+images", "train.csv"], "D/train is not there", "promptnoise audit D/train.csv$"),
    "a class of the test set alone": (
        ["train", "test", "+test/fox"],
        "D/test/fox is a class without training images; give",
        "6",
    ),
    "a class without a test": (["train", "test", "+train/fox"], "class 'fox' has no test images", "8"),
    "a class in capitals": (
        ["train", "test/Cat/+"],
        "D/test/Cat .*training images have 'cat': rename one of the two$",
        "6",
    ),
    "one class": (["train/cat/+", "test/cat/+"], r"one class only \(cat\)", r"one class only \(cat\); give a folder"),
    "names that read alike": (["train/a_b/+", "train/a b/+", "test/a_b/+", "test/a b/+"], "same name 'a b'", "'a b'"),
    "an empty class": (["train", "test", "-train/fox", "-test/fox"], "6/6", "6"),
    "texts beside classes": (["", "annotations/list.txt", "meta/a.json"], SPLIT, "6"),
    "a heap in splits": (
        ["+train", "+test1"],
        "D/train holds 2 pictures .* put the pictures of each class into",
        "D/train holds 2 pictures .* put the pictures of each class into",
    ),
    "the same folders below all classes": (
        [f"{part}/{name}/{view}/+" for part in ("train", "test") for name in ("cat", "dog") for view in ("a", "b")],
        "8/8",
        "8",
    ),
    "a test set of other names": (["train/cat/+", "train/dog/+", "test/Cat/+", "test/Dog/+"], "rename one", "4"),
    "leftovers": (["train", "test", "+train/.ipynb_checkpoints", "+test/@eaDir", "+train/__MACOSX"], "6/6", "6"),
    "pictures beside the classes": (["train", "test", "+train"], "6/6", "6"),
    "more folders": (["train", "test", "unlabeled"], "6/6", "6"),
    "pictures beside the splits": (["train", "test", "+"], "6/6", "6"),
}
#: What must be said, since something is left out.
SAID = {
    "validation only": "D: there is no test/; validation/ has the test images",
    "pictures below a class": "D: 2 pictures lie below class folders, and are of these (train/cat/images/0.png ...)",
    "Kaggle's Intel scenes": "D: not used: seg_pred/",
    "an empty class": "D/train: left out, as no pictures are in them: fox",
    "pictures beside the classes": "D/train: 2 pictures lie in no class folder and are left out (0.png ...)",
    "more folders": "D: not used: unlabeled/",
    "pictures beside the splits": "D: 2 pictures lie in no class folder and are left out (0.png ...)",
}


def laid_out(folder: Path, held: Sequence[str]) -> None:
    folder.mkdir(exist_ok=True)
    for entry in held:
        if entry.startswith("-"):
            (folder / entry[1:]).mkdir(parents=True)
        elif "." in Path(entry).name and not entry.startswith("+"):
            (folder / entry).parent.mkdir(parents=True, exist_ok=True)
            (folder / entry).write_bytes(b"")
        else:
            one = "+" in entry
            for place in [entry.replace("+", "")] if one else [f"{entry}/{name}".strip("/") for name in CLASSES]:
                (folder / place).mkdir(parents=True, exist_ok=True)
                for i in range(2):
                    Image.new("RGB", (8, 8)).save(folder / place / f"{i}.png")


@pytest.fixture(params=LAYOUTS)
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    laid_out(tmp_path, LAYOUTS[request.param][0])
    return request.param, tmp_path


def test_a_folder_is_read_in_full_or_refused_with_what_to_do(
    layout: tuple[str, Path], caplog: pytest.LogCaptureFixture
) -> None:
    name, folder = layout
    _, bench, audit = LAYOUTS[name]
    with caplog.at_level(logging.WARNING):
        read = outcome(lambda: bench_counts(folder), folder)
        audited = outcome(lambda: str(len(open_doubtful(str(folder)).given)), folder)
    assert_is(read, bench)
    assert_is(audited, audit)
    said = [record.getMessage().replace(str(folder), "D") for record in caplog.records]
    assert name not in SAID or SAID[name] in said


@pytest.mark.parametrize(
    "names", [("cat.{}.jpg", "dog.{}.jpg"), ("0_{}.jpg", "1_{}.jpg"), ("great pyrenees_{}.jpg", "pug_{}.jpg")]
)
def test_the_command_for_pictures_named_by_their_class_sorts_them(names: tuple[str, str], tmp_path: Path) -> None:
    train = tmp_path / "a b" / "train"
    train.mkdir(parents=True)
    for name, number in product(names, range(3)):
        Image.new("RGB", (8, 8)).save(train / name.format(number))
    with pytest.raises(UserError, match="if their names begin with the class") as error:
        open_doubtful(str(train.parent))
    subprocess.run(["bash", "-c", str(error.value).partition("sorts them: ")[2]], check=True)
    assert len(open_doubtful(str(train.parent)).given) == 6


def bench_counts(folder: Path) -> str:
    dataset = open_dataset(f"folder:{folder}")
    parts = [dataset.train, dataset.test, *([dataset.val] if dataset.val else [])]
    return "/".join(str(len(part.labels)) for part in parts)


def outcome(work: object, folder: Path) -> str:
    assert callable(work)
    try:
        return str(work())
    except UserError as error:
        assert "\n" not in str(error)
        return str(error).replace(str(folder), "D")


def assert_is(found: str, expected: str) -> None:
    assert found == expected if expected[0].isdigit() and expected[-1].isdigit() else re.search(expected, found), found


def test_accents_in_either_form_are_one_class(tmp_path: Path) -> None:
    for part, form in (("train", "NFC"), ("test", "NFD")):
        for name in ("café", "thé"):
            (tmp_path / part / normalize(form, name)).mkdir(parents=True)
            Image.new("RGB", (8, 8)).save(tmp_path / part / normalize(form, name) / "a.png")
    assert len(open_dataset(f"folder:{tmp_path}").test.labels) == 2
    (tmp_path / "train" / normalize("NFD", "café")).mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "train" / normalize("NFD", "café") / "b.png")
    with pytest.raises(UserError, match="have the same name 'café'"):
        open_dataset(f"folder:{tmp_path}")
