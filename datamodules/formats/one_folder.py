"""One folder of class folders without a test set: `folder:/path[split=0.2]` with `CLASS/...`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from datamodules.dataset import Dataset
from datamodules.errors import DataError
from datamodules.formats.checks import checked
from datamodules.formats.class_names import read_names
from datamodules.formats.folder import split_of
from datamodules.formats.folder_layout import class_folders, parts_of, require_class_folders
from datamodules.formats.held_out import divided
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
        if there := [part for part in (parts.train, parts.test) if part]:
            lone = f"to split that, give folder:{folder / there[0]}{option}"
            return f"{folder} has {'/ and '.join(there)}/ already; {f'leave out {option}' if there[1:] else lone}"
        return None if class_folders(folder) else f"{folder} holds no folders; there must be one of images per class"

    def open(self, name: str, template: str, root: Path | None = None, download: bool = False) -> Dataset:
        """Lists all images, sorted within each class, and splits them by their folders; an audit corrects test labels.

        Raises:
            DataError: a missing folder, one that has a test set, a class of a single image, or duplicate class names.
        """
        if problem := self.missing(root):
            raise DataError(f"{name}: {problem}")
        folder = Path(self.folder)
        require_class_folders(folder)
        folders = class_folders(folder)
        whole = split_of(folder, "", folders)
        assert isinstance(whole.images, FileImages)
        every = Dataset(name, read_names(folder, folders), template, whole, whole)
        dataset = divided(every, self.share, whole.images.paths)
        given = read_labellings(folder, dataset.train, folders, dataset.test)
        dataset = checked(replace(dataset, given=given))
        return replace(dataset, test=audited(folder, dataset.test, folders, dataset.train))
