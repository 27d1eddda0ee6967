"""CoOp's folder layout: a folder of images and a split file `split_zhou_<Name>.json` (arXiv:2109.01134)."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datamodules import reading
from datamodules.dataset import Dataset, Split
from datamodules.errors import DataError
from datamodules.formats.checks import checked, readable
from datamodules.formats.images import FileImages
from datamodules.formats.picture_places import require_files
from datamodules.formats.source import Layout

GUIDE = "CoOp's DATASETS.md (github.com/KaiyangZhou/CoOp) says where every file comes from"


@dataclass(frozen=True)
class SplitFile:
    """Source of a data set with one of CoOp's split files.

    `folder` is under the data root; `images`, the root of the split's paths, and `split` are in it; `get` says where
    to get the images. `renamed` is what newer archives call `images`.
    """

    folder: str
    images: str
    split: str
    get: str
    renamed: str | None = None

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if it is there."""
        return self._layout(root).missing(root)

    def open(self, name: str, template: str, root: Path | None, download: bool = False) -> Dataset:
        """Reads the split file and checks that every image in it exists.

        Raises DataError: files missing or inconsistent.
        """
        folder = self._layout(root).locate(name, root)
        path, images = folder / self.split, folder / self._images(root)
        parts = read_split(path)
        classes = class_names(parts, path)
        found = iter(require_files(images, [row[0] for rows in parts.values() for row in rows], self.split))
        parts = {part: [(next(found), label, own) for _, label, own in rows] for part, rows in parts.items()}
        splits = {part: as_split(images, rows) for part, rows in parts.items() if rows}
        if "train" not in splits or "test" not in splits:
            raise DataError(f"{path}: the train or the test list is empty")
        return checked(Dataset(name, classes, template, splits["train"], splits["test"], splits.get("val")))

    def _layout(self, root: Path | None) -> Layout:
        parts = (f"{self._images(root)}/", self.split) if self.images else (self.split,)
        return Layout(self.folder, parts, f"{self.get}; {GUIDE}")

    def _images(self, root: Path | None) -> str:
        """The folder of images that is there."""
        here = (root or Path()) / self.folder
        renamed = self.renamed and not (here / self.images).exists() and (here / self.renamed).exists()
        return self.renamed if self.renamed and renamed else self.images


Rows = list[tuple[str, int, str]]


def as_split(folder: Path, rows: Rows) -> Split:
    """Split of the images under `folder` that rows of (path, label, class name) list."""
    labels = np.asarray([label for _, label, _ in rows], dtype=np.int64)
    return Split(FileImages(folder, tuple(path for path, _, _ in rows)), labels)


def read_split(path: Path) -> dict[str, Rows]:
    """Reads the lists `train`, `val` and `test` of a split file; `val` may be absent.

    Raises DataError: not JSON, or not of the form {"train": [[path, label, class name], ...], ...}.
    """
    try:
        content: Any = dict(json.loads(reading.read_text(path, reading.RECORD)))
        return {part: [_row(*row) for row in content[part]] for part in ("train", "val", "test") if part in content}
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path} cannot be read as JSON: {error}") from error
    except (TypeError, ValueError, KeyError) as error:
        raise DataError(
            f'{path} is not a split file of the form {{"train": [[path, label, class name], ...], ...}}: {error}'
        ) from error


def class_names(parts: Mapping[str, Rows], path: Path) -> tuple[str, ...]:
    """Readable class names, ordered by label; labels must run from 0 without a gap and each have one name.

    Raises DataError: a negative label, a gap, or two names for one label.
    """
    names: dict[int, str] = {}
    given: dict[str, int] = {}
    for rows in parts.values():
        for image, label, name in rows:
            if given.setdefault(posixpath.normpath(image), label) != label:
                raise DataError(f"{path}: {image} has two labels, {given[posixpath.normpath(image)]} and {label}")
            if label < 0:
                raise DataError(f"{path}: label {label} of {image} is out of range")
            if names.setdefault(label, name) != name:
                raise DataError(f"{path}: label {label} is called both {names[label]!r} and {name!r}")
    for label in range(max(names, default=-1)):
        if label not in names:
            raise DataError(f"{path}: label {max(names)} is out of range, as no image has label {label}")
    return tuple(readable(names[label]) for label in range(len(names)))


def _row(path: str, label: int, name: str) -> tuple[str, int, str]:
    if not isinstance(path, str) or not isinstance(name, str) or int(label) != label:
        raise ValueError(f"[{path!r}, {label!r}, {name!r}]")
    return path, int(label), name
