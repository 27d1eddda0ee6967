"""Folders of class folders: `folder:/path` with `train/CLASS/...` and `test/CLASS/...`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from datamodules import reading
from datamodules.dataset import Dataset, Split
from datamodules.errors import DataError
from datamodules.formats.checks import checked, readable
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import read_labellings
from datamodules.formats.source import Layout

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm")


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
        names = read_names(folder / "classnames.txt", folders)
        splits = {part: split_of(folder, part, folders) for part in (self.train, self.test)}
        val = split_of(folder, self.val, folders) if (folder / self.val).is_dir() else None
        given = read_labellings(folder, splits[self.train], folders, splits[self.test])
        dataset = Dataset(name, names, template, splits[self.train], splits[self.test], val, given)
        return checked(dataset, self.same_names)


def class_folders(folder: Path) -> list[str]:
    """Sorted names of the class folders in a folder."""
    return sorted(path.name for path in folder.iterdir() if _is_class(path))


def parts_of(folder: Path) -> list[str]:
    """Which of `train` and `test` a folder has: folders of class folders, not classes of these names."""
    return [part for part in ("train", "test") if (folder / part).is_dir() and class_folders(folder / part)]


def split_of(folder: Path, part: str, classes: list[str]) -> Split:
    """The images in the class folders of `folder / part`, sorted within each class.

    Raises:
        DataError: a class folder that is not one of `classes`.
    """
    unknown = sorted(set(class_folders(folder / part)) - set(classes))
    if unknown:
        raise DataError(f"{folder / part / unknown[0]} is a class without training images")
    paths, labels = [], []
    for label, name in enumerate(classes):
        here = folder / part / name
        own = sorted(path.name for path in here.iterdir() if _is_image(path)) if here.is_dir() else []
        paths += [f"{part}/{name}/{image}" if part else f"{name}/{image}" for image in own]
        labels += [label] * len(own)
    return Split(FileImages(folder, tuple(paths)), np.asarray(labels, dtype=np.int64))


def _is_class(path: Path) -> bool:
    return path.is_dir() and not path.name.startswith(".")


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _names_text(path: Path) -> str:
    try:
        return reading.read_text(path, encoding="utf-8-sig")
    except UnicodeDecodeError:
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
        for line in _names_text(path).splitlines():
            folder, _, text = line.strip().partition(" ")
            if folder in names:
                names[folder] = text
        unnamed = [folder for folder, text in names.items() if not text]
        if unnamed:
            raise DataError(f"{path} gives no name for the folder {unnamed[0]!r}")
    return tuple(readable(names[folder] or folder) for folder in folders)
