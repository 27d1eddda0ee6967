"""One folder of class folders without a test set: `folder:/path[split=0.2]` with `CLASS/...`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from datamodules.dataset import Dataset, Labels, Split
from datamodules.errors import DataError
from datamodules.formats.checks import checked
from datamodules.formats.class_names import read_names
from datamodules.formats.folder import split_of
from datamodules.formats.folder_layout import class_folders, parts_of, require_class_folders
from datamodules.formats.held_out import held_out
from datamodules.formats.images import FileImages
from datamodules.formats.labellings import audited, read_labellings
from datamodules.formats.other_layouts import other_layout


@dataclass(frozen=True)
class OneFolder:
    """Source in one absolute folder with a folder per class, of which the `share`, 0 to 1, is for testing."""

    folder: str
    share: float

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if it is there."""
        folder = Path(self.folder)
        if not folder.is_dir():
            return f"{folder} is not there; there must be one folder of images per class in it"
        if other := other_layout(folder, training_only=True):
            return other
        parts, option = parts_of(folder), f"[split={self.share:g}]"
        there = [part for part in (parts.train, parts.test) if part]
        if there:
            instead = (
                f"leave out {option}" if len(there) == 2 else f"to split that, give folder:{folder / there[0]}{option}"
            )
            return f"{folder} has {'/ and '.join(there)}/ already; {instead}"
        return None if class_folders(folder) else f"{folder} holds no folders; there must be one of images per class"

    def open(self, name: str, template: str, root: Path | None = None, download: bool = False) -> Dataset:
        """Lists all images, sorted within each class, and splits them by their folders; an audit corrects test labels.

        Raises:
            DataError: a missing folder, one that has a test set, a class of a single image, or duplicate class names.
        """
        problem = self.missing(root)
        if problem:
            raise DataError(f"{name}: {problem}")
        folder = Path(self.folder)
        require_class_folders(folder)
        folders = class_folders(folder)
        whole = split_of(folder, "", folders)
        assert isinstance(whole.images, FileImages)
        tests = held_out(name, whole.images.paths, whole.labels, folders, self.share)
        train, test = (_pick(whole, np.flatnonzero(rows)) for rows in (~tests, tests))
        names = read_names(folder, folders)
        given = read_labellings(folder, train, folders, test)
        dataset = checked(Dataset(name, names, template, train, test, None, given))
        return replace(dataset, test=audited(folder, test, folders, train))


def _pick(whole: Split, rows: Labels) -> Split:
    assert isinstance(whole.images, FileImages)
    paths = tuple(whole.images.paths[row] for row in rows.tolist())
    return Split(replace(whole.images, paths=paths), whole.labels[rows])
