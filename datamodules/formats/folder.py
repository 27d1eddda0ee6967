"""Folders of class folders: `folder:/path` with `train/CLASS/...` and `test/CLASS/...`."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy as np

from datamodules.dataset import Dataset, Split
from datamodules.errors import DataError
from datamodules.formats.checks import checked
from datamodules.formats.class_names import read_names
from datamodules.formats.folder_layout import class_folders, name_loose, no_such_class, require_class_folders, unused
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import read_labellings
from datamodules.formats.other_layouts import other_layout
from datamodules.formats.picture_files import PictureFiles, is_unlabelled, left_out, picture_files
from datamodules.formats.source import Layout
from datamodules.notices import say_once

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ClassFolders:
    """Source with one folder per split and class; classes are numbered in the sorted order of their folders.

    An optional `classnames.txt` in `folder` (lines of "FOLDER readable name") gives readable names; CSV files with a
    column `file` give further labellings of the training images. `folder` is absolute or under the data root.
    """

    folder: str
    train: str = "train"
    test: str = "test"
    val: str = "val"
    extra: tuple[str, ...] = ()
    get: str = "one folder of images per class in each"
    same_names: bool = False

    @property
    def _layout(self) -> Layout:
        return Layout(self.folder, (f"{self.train}/", f"{self.test}/", *self.extra), self.get)

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if it is there."""
        other = other_layout(Path(self.folder)) if Path(self.folder).is_absolute() else ""
        return other or self._layout.missing(root)

    def open(self, name: str, template: str, root: Path | None = None, download: bool = False) -> Dataset:
        """Lists the images of all splits, sorted within each class.

        Raises DataError: a missing folder, a class that is in one split only, or duplicate class names.
        """
        if problem := self.missing(root):
            raise DataError(f"{name}: {problem}")
        folder = self._layout.locate(name, root)
        folders = class_folders(folder / self.train)
        for part, other in ((self.train, self.test), (self.test, self.train)):
            require_class_folders(folder / part, class_folders(folder / other))
        names = read_names(folder, folders)
        splits = {part: split_of(folder, part, folders) for part in (self.train, self.test)}
        if name.startswith("folder:"):
            unused(folder, (self.train, self.test, self.val))
        val = split_of(folder, self.val, folders) if (folder / self.val).is_dir() else None
        given = read_labellings(folder, splits[self.train], folders, splits[self.test])
        dataset = Dataset(name, names, template, splits[self.train], splits[self.test], val, given)
        return checked(dataset, self.same_names)


def split_of(folder: Path, part: str, classes: list[str], strict: bool = True, unlabelled: bool = False) -> Split:
    """The pictures in and below the class folders of `folder / part`, sorted within each class.

    Files that are left out are counted in one line. Unless `strict`, other class folders are passed over; with
    `unlabelled` the pictures of folders that say so follow, with labels of -1. Raises
    DataError: a class folder that is not one of `classes`.
    """
    there = {normalize("NFC", name): name for name in class_folders(folder / part)}
    unknown = sorted(there.keys() - {normalize("NFC", name) for name in classes})
    if unknown and strict:
        raise no_such_class(folder / part / unknown[0], classes)
    paths: list[str] = []
    labels: list[int] = []
    others: list[str] = []
    without = [path.name for path in (folder / part).iterdir() if path.is_dir() and is_unlabelled(path.name)]
    for label, name in (*enumerate(classes), *((-1, name) for name in sorted(without) if unlabelled)):
        name = there.get(normalize("NFC", name), name)  # file systems write accents in one of two ways
        here = folder / part / name
        found = picture_files(here) if here.is_dir() else PictureFiles((), ())
        before = f"{part}/{name}" if part else name
        paths += [f"{before}/{image}" for image in found.pictures]
        labels += [label] * len(found.pictures)
        others += [f"{before}/{file}" for file in found.left_out]
    name_loose(folder / part)
    if deep := [path for path in paths if path.count("/") > part.count("/") + 1 + bool(part)]:
        say_once(logger, f"{folder}: {len(deep)} pictures lie below class folders, and are of these ({deep[0]} ...)")
    if others:
        say_once(logger, f"{folder}: {left_out(tuple(others))}")
    return Split(FileImages(folder, tuple(paths), tuple(others)), np.asarray(labels, dtype=np.int64))
