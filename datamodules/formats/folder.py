"""Folders of class folders: `folder:/path` with `train/CLASS/...` and `test/CLASS/...`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from datamodules import reading
from datamodules.dataset import Dataset, Split
from datamodules.errors import DataError
from datamodules.formats.checks import checked, readable
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import read_labellings
from datamodules.formats.picture_files import PictureFiles, is_stray, left_out, picture_files
from datamodules.formats.source import Layout
from datamodules.notices import say_once

logger = logging.getLogger(__name__)

#: What people call the folders of the three splits, in lower case, ours first.
_CALLED = {
    "train": ("train", "training", "train_set", "seg_train"),
    "test": ("test", "testing", "test_set", "seg_test"),
    "val": ("val", "valid", "validation", "val_set", "dev"),
}


@dataclass(frozen=True)
class Parts:
    """Where the splits of a folder lie below it; None for one that is not there. Without a test set, `val` is it."""

    train: str | None = None
    test: str | None = None
    val: str | None = None


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
        return self._layout.missing(root)

    def open(self, name: str, template: str, root: Path | None = None, download: bool = False) -> Dataset:
        """Lists the images of all splits, sorted within each class.

        Raises:
            DataError: a missing folder, a class that is in one split only, or duplicate class names.
        """
        folder = self._layout.locate(name, root)
        folders = class_folders(folder / self.train)
        for part in (self.train, self.test):
            require_class_folders(folder / part)
        names = read_names(folder / "classnames.txt", folders)
        splits = {part: split_of(folder, part, folders) for part in (self.train, self.test)}
        val = split_of(folder, self.val, folders) if (folder / self.val).is_dir() else None
        given = read_labellings(folder, splits[self.train], folders, splits[self.test])
        dataset = Dataset(name, names, template, splits[self.train], splits[self.test], val, given)
        return checked(dataset, self.same_names)


def class_folders(folder: Path) -> list[str]:
    """Sorted names of the class folders in a folder."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not is_stray(path.name))


def require_class_folders(folder: Path) -> None:
    """Accept a folder that holds class folders.

    Raises:
        DataError: it holds none; the message says what is there instead.
    """
    if class_folders(folder):
        return
    loose = picture_files(folder).pictures
    what = f"{len(loose)} pictures ({loose[0]} ...), but no folders" if loose else "no folders"
    raise DataError(f"{folder} holds {what}; put the pictures of each class into a folder of its name")


def parts_of(folder: Path) -> Parts:
    """The splits of a folder: folders of class folders with a name that means one, not classes of these names."""
    found = {role: _part(folder, names) for role, names in _CALLED.items()} if folder.is_dir() else {}
    parts = Parts(**found)
    return replace(parts, test=parts.val, val=None) if parts.test is None else parts


def _part(folder: Path, names: Sequence[str]) -> str | None:
    """The folder of one split; archives often hold `name/name/CLASS`."""
    there = {path.name.casefold(): path.name for path in folder.iterdir() if path.is_dir()}
    for name in names:
        if name not in there:
            continue
        part = there[name]
        inside = class_folders(folder / part)
        if [own.casefold() for own in inside] == [name]:
            part = f"{part}/{inside[0]}"
            inside = class_folders(folder / part)
        if inside:
            return part
    return None


def split_of(folder: Path, part: str, classes: list[str], strict: bool = True) -> Split:
    """The pictures in and below the class folders of `folder / part`, sorted within each class.

    Files that are left out are counted in one line. Unless `strict`, other class folders are passed over.

    Raises:
        DataError: a class folder that is not one of `classes`.
    """
    unknown = sorted(set(class_folders(folder / part)) - set(classes))
    if unknown and strict:
        raise DataError(f"{folder / part / unknown[0]} is a class without training images")
    paths: list[str] = []
    labels: list[int] = []
    others: list[str] = []
    for label, name in enumerate(classes):
        here = folder / part / name
        found = picture_files(here) if here.is_dir() else PictureFiles((), ())
        before = f"{part}/{name}" if part else name
        paths += [f"{before}/{image}" for image in found.pictures]
        labels += [label] * len(found.pictures)
        others += [f"{before}/{file}" for file in found.left_out]
    if others:
        say_once(logger, f"{folder}: {left_out(tuple(others))}")
    return Split(FileImages(folder, tuple(paths), tuple(others)), np.asarray(labels, dtype=np.int64))


def names_text(path: Path) -> str:
    """Text of a file of class names.

    Raises:
        DataError: it cannot be read, or is not text.
    """
    try:
        return reading.as_text(reading.read_bytes(path, reading.TEXT))
    except UnicodeError:
        raise DataError(f"{path} is not text in UTF-8; save it so") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def read_names(path: Path, folders: list[str]) -> tuple[str, ...]:
    """Readable names of class folders, from lines of "FOLDER readable name" where the file exists.

    Raises:
        DataError: a folder that the file does not name.
    """
    names = dict.fromkeys(folders, "")
    if path.exists():
        longest_first = sorted(folders, key=len, reverse=True)  # a folder's name may begin with another's, and a blank
        for line in map(str.strip, names_text(path).splitlines()):
            folder = next((own for own in longest_first if line.startswith((f"{own} ", f"{own}\t"))), None)
            if folder is not None:
                names[folder] = line[len(folder) :].strip()
        unnamed = [folder for folder, text in names.items() if not text]
        if unnamed:
            raise DataError(f"{path} gives no name for the folder {unnamed[0]!r}")
    return tuple(readable(names[folder] or folder) for folder in folders)
