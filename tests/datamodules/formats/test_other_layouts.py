"""Layouts of well-known data sets are read, or refused in one line with what mends them, which works."""

from __future__ import annotations

import logging
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from benchmark.audit.doubtful import open_doubtful
from benchmark.errors import BadInput
from datamodules.catalog import open_dataset, status
from datamodules.errors import DataError

SYNSETS = ("n01443537", "n01629819", "n01641577")


def pictures(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        Image.new("RGB", (8, 8), (40 * place, 90, 200)).save(folder / name)


def files(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("0 0.5 0.5 0.1 0.1\n")


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["JPEGImages/1.jpg", "Annotations/1.xml"], "the layout of Pascal VOC, .* a line per picture"),
        (["VOC2007/JPEGImages/1.jpg", "VOC2007/Annotations/1.xml"], "the layout of Pascal VOC"),
        (["annotations/instances_val2017.json", "val2017/1.jpg"], "the layout of COCO"),
        (["train/_annotations.coco.json", "train/1.jpg"], "the layout of COCO"),
        (["images/train/1.jpg", "labels/train/1.txt", "data.yaml"], "the layout of YOLO"),
        (["train/images/1.jpg", "train/labels/1.txt", "valid/images/1.jpg"], "the layout of YOLO"),
        (["data_batch_1", "batches.meta"], "CIFAR's Python pickles, which could run code .* use cifar10"),
        (["train", "test", "meta"], "CIFAR's Python pickles, .* use cifar100"),
        (["raw/train-images-idx3-ubyte", "raw/train-labels-idx1-ubyte"], "MNIST's kind, .* use mnist"),
        (["train-labels-idx1-ubyte.gz"], "MNIST's kind"),
        (["data/train-00000-of-00001.parquet"], "give hf:"),
        (["images/1.jpg", "annotations.xml"], "the layout of CVAT; this writes .* labels.csv: cd "),
        (["train_32x32.mat"], r"holds train_32x32\.mat, which is not read: write its pictures"),
    ],
)
def test_what_holds_no_class_folders_is_told_in_one_line(names: list[str], said: str, tmp_path: Path) -> None:
    files(tmp_path, *names)
    with pytest.raises(DataError, match=said) as bench:
        open_dataset(f"folder:{tmp_path}")
    with pytest.raises(DataError, match=said):
        open_dataset(f"folder:{tmp_path}[split=0.2]")
    with pytest.raises(BadInput, match=said) as audit:
        open_doubtful(str(tmp_path))
    assert "\n" not in f"{bench.value}{audit.value}" and status(f"folder:{tmp_path}").startswith("missing: ")


def mended(folder: Path) -> None:
    """Runs the command that the refusal of a folder ends with."""
    with pytest.raises(DataError) as error:
        open_dataset(f"folder:{folder}")
    subprocess.run(["bash", "-c", str(error.value).partition("folders: ")[2] or _after_splits(error)], check=True)


def _after_splits(error: pytest.ExceptionInfo[DataError]) -> str:
    return str(error.value).partition("train/ and test/: ")[2]


def test_the_command_for_cub_makes_a_training_and_a_test_set(tmp_path: Path) -> None:
    folder, birds = tmp_path / "CUB 200", ("001.Black_footed_Albatross", "002.Laysan_Albatross")
    for bird in birds:
        pictures(folder / "images" / bird, "a.jpg", "b.jpg", "c.jpg")
    there = [f"{bird}/{name}.jpg" for bird in birds for name in "abc"]
    (folder / "images.txt").write_text("".join(f"{n} {name}\n" for n, name in enumerate(there, 1)))
    (folder / "train_test_split.txt").write_text("".join(f"{n} {int(n % 3 > 0)}\n" for n in range(1, 7)))
    mended(folder)
    found = open_dataset(f"folder:{folder}")
    assert found.classes == ("Black footed Albatross", "Laysan Albatross")
    assert (len(found.train.labels), len(found.test.labels)) == (4, 2)


def test_the_command_for_tiny_imagenet_sorts_its_validation_images(tmp_path: Path) -> None:
    for synset in SYNSETS:
        pictures(tmp_path / "train" / synset / "images", "a.JPEG", "b.JPEG")
    pictures(tmp_path / "val/images", *(f"val_{n}.JPEG" for n in range(3)))
    pictures(tmp_path / "test/images", "test_0.JPEG")
    (tmp_path / "val/val_annotations.txt").write_text(
        "".join(f"val_{n}.JPEG\t{synset}\t0\t0\t9\t9\n" for n, synset in enumerate(SYNSETS))
    )
    (tmp_path / "words.txt").write_text("n01443537\tgoldfish, Carassius\nn01629819\tsalamander\nn01641577\tfrog\n")
    assert len(open_doubtful(str(tmp_path)).given) == 6, "its training images can be audited as they lie"
    mended(tmp_path)
    found = open_dataset(f"folder:{tmp_path}")
    assert found.classes == ("goldfish", "salamander", "frog") and len(found.test.labels) == 3


@pytest.mark.parametrize(
    ("lists", "shown"),
    [
        (
            {"LOC_synset_mapping.txt": "{0} crane, a\n{1} crane\n{2} frog, b\n"},
            ("crane {0}", "crane {1}", "frog"),
        ),
        ({"words.txt": "n1\tentity\n{0}\tfish\n{1}\tnewt, eft\n{2}\tfrog\n"}, ("fish", "newt", "frog")),
        ({"words.txt": "{0}\tfish\n", "classnames.txt": "{0} a\n{1} b\n{2} c, d\n"}, ("a", "b", "c, d")),
        ({"words.txt": "{0}\tfish\n"}, SYNSETS),
        ({}, SYNSETS),
    ],
)
def test_wordnets_numbers_get_the_names_of_imagenets_lists(
    lists: dict[str, str], shown: tuple[str, ...], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for synset in SYNSETS:
        pictures(tmp_path / synset, "a.png", "b.png")
    for name, text in lists.items():
        (tmp_path / name).write_text(text.format(*SYNSETS))
    with caplog.at_level(logging.WARNING):
        assert open_doubtful(str(tmp_path)).classes == tuple(name.format(*SYNSETS) for name in shown)
    assert ("say nothing to CLIP" in caplog.text) == (shown is SYNSETS)


@pytest.mark.parametrize(
    ("folders", "shown"),
    [
        (("001.ak47", "002.american-flag"), ("ak47", "american-flag")),
        (("n02085620-Chihuahua", "n02085782-Japanese_spaniel"), ("Chihuahua", "Japanese spaniel")),
        (("1", "2"), ("1", "2")),
        (("747-400", "737-800"), ("737-800", "747-400")),
        (("1_cat", "dog"), ("1 cat", "dog")),
        (("1_cat", "2_cat"), ("1 cat", "2 cat")),
    ],
)
def test_numbers_before_all_names_are_left_out(
    folders: tuple[str, ...], shown: tuple[str, ...], tmp_path: Path
) -> None:
    for name in folders:
        pictures(tmp_path / name, "a.png", "b.png")
    assert open_doubtful(str(tmp_path)).classes == shown
