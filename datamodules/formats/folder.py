"""Folders of class folders: `folder:/path` with `train/CLASS/...` and `test/CLASS/...`."""

from __future__ import annotations

import logging
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy as np

from datamodules import reading
from datamodules.dataset import Dataset, Split
from datamodules.errors import DataError
from datamodules.formats.checks import checked, readable
from datamodules.formats.folder_layout import class_folders, name_loose, no_such_class, require_class_folders, unused
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import read_labellings
from datamodules.formats.other_layouts import other_layout
from datamodules.formats.picture_files import PictureFiles, left_out, picture_files
from datamodules.formats.source import Layout
from datamodules.notices import say_once

logger = logging.getLogger(__name__)
_SYNSET = re.compile(r"n\d{8}")
_NUMBERED = re.compile(r"(n\d{8}-|\d+[._ -]+)(?=[^\W\d])")


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

        Raises:
            DataError: a missing folder, a class that is in one split only, or duplicate class names.
        """
        if problem := self.missing(root):
            raise DataError(f"{name}: {problem}")
        folder = self._layout.locate(name, root)
        folders = class_folders(folder / self.train)
        for part, other in ((self.train, self.test), (self.test, self.train)):
            require_class_folders(folder / part, class_folders(folder / other))
        names = read_names(folder / "classnames.txt", folders)
        splits = {part: split_of(folder, part, folders) for part in (self.train, self.test)}
        if name.startswith("folder:"):
            unused(folder, (self.train, self.test, self.val))
        val = split_of(folder, self.val, folders) if (folder / self.val).is_dir() else None
        given = read_labellings(folder, splits[self.train], folders, splits[self.test])
        dataset = Dataset(name, names, template, splits[self.train], splits[self.test], val, given)
        return checked(dataset, self.same_names)


def split_of(folder: Path, part: str, classes: list[str], strict: bool = True) -> Split:
    """The pictures in and below the class folders of `folder / part`, sorted within each class.

    Files that are left out are counted in one line. Unless `strict`, other class folders are passed over. Raises
    DataError: a class folder that is not one of `classes`.
    """
    there = {normalize("NFC", name): name for name in class_folders(folder / part)}
    unknown = sorted(there.keys() - {normalize("NFC", name) for name in classes})
    if unknown and strict:
        raise no_such_class(folder / part / unknown[0], classes)
    paths: list[str] = []
    labels: list[int] = []
    others: list[str] = []
    for label, name in enumerate(classes):
        name = there.get(normalize("NFC", name), name)  # file systems write accents in one of two ways
        here = folder / part / name
        found = picture_files(here) if here.is_dir() else PictureFiles((), ())
        before = f"{part}/{name}" if part else name
        paths += [f"{before}/{image}" for image in found.pictures]
        labels += [label] * len(found.pictures)
        others += [f"{before}/{file}" for file in found.left_out]
    name_loose(folder / part)
    if others:
        say_once(logger, f"{folder}: {left_out(tuple(others))}")
    return Split(FileImages(folder, tuple(paths), tuple(others)), np.asarray(labels, dtype=np.int64))


def names_text(path: Path) -> str:
    """Text of a file of class names. Raises DataError: it cannot be read, or is not text."""
    try:
        return reading.as_text(reading.read_bytes(path, reading.TEXT))
    except UnicodeError:
        how = f"`iconv -f latin1 -t utf8 {path.name}` writes it so"
        raise DataError(f"{path} is not text in UTF-8; save it so ({how})") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None


def read_names(path: Path, folders: list[str]) -> tuple[str, ...]:
    """Readable names of class folders, from lines of "FOLDER readable name" where the file exists.

    Without it, names of WordNet's numbers come from ImageNet's lists, and numbers before all names are left out. Raises
    DataError: a folder that the file does not name.
    """
    names = dict.fromkeys(folders, "")
    if not path.exists() and all(map(_SYNSET.fullmatch, folders)):
        names = _of_wordnet(path.parent, folders)
    elif not path.exists() and all(map(_NUMBERED.match, folders)):  # as in CUB, Caltech-256 and Stanford Dogs
        shown = [_NUMBERED.sub("", folder, count=1) for folder in folders]
        names = dict(zip(folders, shown, strict=True)) if len({*map(readable, shown)}) == len(folders) else names
    elif path.exists():
        longest_first = sorted(folders, key=len, reverse=True)  # a folder's name may begin with another's, and a blank
        for line in map(str.strip, names_text(path).splitlines()):
            folder = next((own for own in longest_first if re.match(rf"{re.escape(own)}([\s,;:=|]|$)", line)), None)
            if folder is not None:
                names[folder] = line[len(folder) :].strip(" \t,;:=|") or folder
        unnamed = [folder for folder, text in names.items() if not text]
        if unnamed:
            how = 'write a line "FOLDER readable name" for each'
            raise DataError(f"{path} gives no name for the folder {unnamed[0]!r}; {how}")
    return tuple(readable(names[folder] or folder) for folder in folders)


def _of_wordnet(folder: Path, synsets: list[str]) -> dict[str, str]:
    """The first name of each of WordNet's numbers, as ImageNet's own lists have them; the numbers where there is none.

    A number stands behind a name that several have.
    """
    lists = [path for name in ("LOC_synset_mapping.txt", "words.txt") if (path := folder / name).is_file()]
    lines = [line.split(maxsplit=1) for line in names_text(lists[0]).splitlines()] if lists else []
    found = {line[0]: line[1].split(",")[0].strip() for line in lines if len(line) == 2}
    if not {*synsets} <= found.keys():
        how = "put LOC_synset_mapping.txt or classnames.txt there"
        say_once(logger, f"{folder}: classes are called by WordNet's numbers, which say nothing to CLIP; {how}")
        return dict.fromkeys(synsets, "")
    shared = Counter(found[synset] for synset in synsets)
    return {synset: found[synset] + (f" {synset}" if shared[found[synset]] > 1 else "") for synset in synsets}
