"""Layouts of well-known data sets that are no folders of class folders: what they are, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from shlex import quote

_BOXES = (
    "has the layout of {}, whose pictures have boxes and often several classes; classification takes one class a"
    " picture: write a table with the columns file and label, a line per picture, into the folder and audit that"
)
_CUB = (
    "has the layout of CUB-200-2011; this links its pictures into train/ and test/: cd {} && paste -d' ' images.txt"
    " train_test_split.txt | while read -r _ file _ train; do part=$([ $train = 1 ] && echo train || echo test);"
    ' mkdir -p $part/${{file%/*}}; ln -s "$PWD/images/$file" $part/$file; done'
)
_TINY = (
    "has the layout of Tiny ImageNet; this sorts its validation images into class folders: cd {} && while read -r file"
    " class _; do mkdir -p $class && mv images/$file $class/; done < val_annotations.txt && rmdir images"
)
_PACKED = (".mat", ".h5", ".hdf5", ".tfrecord", ".lmdb", ".pkl", ".pickle")


def other_layout(folder: Path, training_only: bool = False) -> str:
    """What is said of a folder in another layout than one folder per class; empty where it is none that is known.

    With `training_only` it is none if at least the training images lie in class folders.
    """
    found = next(_found(folder, training_only), "") if folder.is_dir() else ""
    return found and f"{folder} {found}"


def _found(folder: Path, training_only: bool) -> Iterator[str]:
    there = {path.name for path in folder.iterdir()}
    packed = sorted(name for name in there if name.endswith(_PACKED))
    if {"JPEGImages", "Annotations"} <= there or _any(folder, "*/JPEGImages"):
        yield _BOXES.format("Pascal VOC")
    if _any(folder, "annotations/instances_*.json", "*/_annotations.coco.json"):
        yield _BOXES.format("COCO")
    if _any(folder, "images", "*/images") and _any(folder, "labels/*.txt", "*/labels/*.txt", "labels/*/*.txt"):
        yield _BOXES.format("YOLO")
    if "data_batch_1" in there or ({"train", "test", "meta"} <= there and (folder / "meta").is_file()):
        name = "cifar10" if "data_batch_1" in there else "cifar100"
        yield f"holds CIFAR's Python pickles, which could run code and are not read: use {name} (`promptnoise fetch`)"
    if _any(folder, "*-idx[13]-ubyte*", "raw/*-idx[13]-ubyte*"):
        yield "holds files of MNIST's kind, many pictures in each, which are not read: use mnist, or another's hf:NAME"
    if _any(folder, "*.parquet", "data/*.parquet", "*.arrow"):
        yield f"is a data set as the hub has them: give hf:{folder}"
    if packed and not any((folder / name).is_dir() for name in there):
        yield f"holds {packed[0]}, which is not read: write its pictures into a folder per class"
    if {"images.txt", "train_test_split.txt", "images"} <= there and not (folder / "train").is_dir():
        yield _CUB.format(quote(str(folder)))
    if not training_only and (folder / "val/val_annotations.txt").is_file() and (folder / "val/images").is_dir():
        yield _TINY.format(quote(f"{folder}/val"))


def _any(folder: Path, *patterns: str) -> bool:
    return any(True for pattern in patterns for _ in folder.glob(pattern))
