"""Opens what is to be audited: a folder, a table of files and labels, or a data set of the catalogue or the hub."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmark.errors import BadInput
from benchmark.plan.name_checks import check_files
from datamodules import catalog, noise
from datamodules.dataset import Dataset, Images, Labels, Split
from datamodules.encoded import Outputs, Rows
from datamodules.formats import folder_layout
from datamodules.formats.checks import no_twins, readable
from datamodules.formats.class_names import is_bare, read_names
from datamodules.formats.folder import split_of
from datamodules.formats.images import FileImages, no_pictures
from datamodules.formats.labelled_table import labelled_table
from datamodules.formats.labellings import image_names
from datamodules.formats.other_layouts import other_layout
from datamodules.names import parse_spec

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Doubtful:
    """Images [P] with given labels [P], -1 where an image has none.

    `files` name them, `values` [C] are the classes as tables write them and `classes` [C] as prompts do. `true` [P] are
    the true labels, None where nobody knows them. `left_out` are files beside them and why they are none of the images,
    `constant` images of one colour. `issues` say by file what else is odd about a picture. `test` are the test images.
    """

    name: str
    images: Images
    files: tuple[str, ...]
    given: Labels
    values: tuple[str, ...]
    classes: tuple[str, ...]
    template: str
    true: Labels | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    constant: tuple[str, ...] = ()
    issues: Mapping[str, str] = field(default_factory=dict)
    test: Doubtful | None = None

    @property
    def outputs(self) -> Outputs | None:
        """What is known of the backbone where the images come as features."""
        return self.images.outputs if isinstance(self.images, Rows) else None

    def labelled(self) -> Doubtful:
        """The images that have a label."""
        return self if (self.given >= 0).all() else self.pick(np.flatnonzero(self.given >= 0))

    def unlabelled_files(self) -> list[str]:
        """The files of the others."""
        return [self.files[row] for row in np.flatnonzero(self.given < 0).tolist()]

    def pick(self, rows: Labels) -> Doubtful:
        """The images `rows` [n] alone."""
        true = None if self.true is None else self.true[rows]
        files = tuple(self.files[row] for row in rows.tolist())
        images = self.images.pick(rows) if isinstance(self.images, Rows) else Picked(self.images, rows)
        return replace(self, images=images, files=files, given=self.given[rows], true=true)

    def encoded(self, kept: Doubtful, constant: Collection[str]) -> Doubtful:
        """The images that were `kept` of these as they can be read; `constant` are descriptions of empty ones."""
        there = set(kept.files)
        unread = tuple((file, "cannot be read as a picture") for file in self.files if file not in there)
        of = range(len(kept.files)) if constant else ()
        empty = tuple(kept.files[row] for row in of if kept.images.describe(row) in constant)
        return replace(kept, left_out=(*self.left_out, *unread), constant=empty)


@dataclass(frozen=True)
class Picked:
    """The images `rows` [n] of others."""

    images: Images
    rows: Labels

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int, /) -> Image:
        """Image `index`."""
        return self.images[int(self.rows[index])]

    @property
    def fingerprint(self) -> str:
        """Hex digest of the images and which of them are picked."""
        return f"{self.images.fingerprint}{noise.fingerprint(self.rows)}"

    def describe(self, index: int) -> str:
        """Where image `index` comes from."""
        return self.images.describe(int(self.rows[index]))


def open_doubtful(spec: str, root: Path | None = None) -> Doubtful:
    """Opens `folder:PATH`, a path of a folder or a CSV table, or the training images of a data set by its name.

    A folder with `train/` is audited there, another one with a folder per class as a whole, test images of `split=`
    included. Its true labels are unknown, as are those of a table (columns `file`, relative to the table, and `label`,
    empty where an image has none; others in brackets, `x.csv[file=id,label=breed]`) and of the hub.

    Raises UserError: nothing there, or files that cannot be used; the message says what to do.
    """
    if not spec.strip():
        raise BadInput("nothing to audit: give a folder, a CSV table of files and labels, or the name of a data set")
    if Path(spec).is_file():
        return checked(_table(Path(spec), {}))
    if Path(spec).is_dir():
        return checked(_folder(spec, Path(spec), catalog.TEMPLATE))
    name, options = parse_spec(spec)
    if Path(name).is_file():
        return checked(_table(Path(name), options))
    kind, _, place = name.partition(":")
    if kind == "folder":
        catalog.check(spec)
        if "split" in options:
            check_files([spec], Path())
        return checked(_folder(spec, Path(place).expanduser(), options.get("template", catalog.TEMPLATE)))
    if "/" in name and kind not in ("hf", "features"):
        raise BadInput(f"{spec} is not there; give a folder, a CSV table, or the name of a data set")
    return checked(of_dataset(spec, catalog.open_dataset(spec, root)))


def of_dataset(spec: str, dataset: Dataset) -> Doubtful:
    """The training images of a data set, with its own labels as given ones."""
    classes, splits = dataset.classes, (dataset.train, dataset.test)
    whole, test = (_of_split(spec, split, classes, classes, dataset.template) for split in splits)
    return replace(whole, test=test)


def checked(data: Doubtful) -> Doubtful:
    """Returns `data` after validating it.

    Raises BadInput: fewer than two classes, a class of fewer than two images, or two classes of one name.
    """
    if len(data.classes) < 2:
        place = Path(data.name.removeprefix("folder:"))
        more = folder_layout.further_below(place) if place.is_dir() else ""
        if not more and place.is_dir() and (advised := folder_layout.table_to_audit(place)):
            more = f"; or audit a table of files and labels: {advised}"
        raise BadInput(f"{data.name}: one class only ({', '.join(data.values) or '-'}); give a folder per class{more}")
    no_twins(data.name, data.classes, data.values)
    counts = np.bincount(data.given[data.given >= 0], minlength=len(data.classes))
    if counts.min() < 2:
        few = int(counts.argmin())
        raise BadInput(
            f"{data.name}: class {data.values[few]!r} has {('no image', 'one image')[counts[few]]};"
            f" an audit needs 2 of each class: add some, or leave the class out"
        )
    return data


def _folder(spec: str, folder: Path, template: str) -> Doubtful:
    if not folder.is_dir():
        raise BadInput(f"{folder} is not there; give a folder that holds one folder of images per class")
    folder = folder.absolute()
    if other := other_layout(folder, training_only=True):
        raise BadInput(other)
    parts = folder_layout.parts_of(folder)
    part = parts.train or ""
    folder_layout.require_class_folders(
        folder / part, folder_layout.class_folders(folder / parts.test) if parts.train and parts.test else ()
    )
    folders = folder_layout.class_folders(folder / part)
    split = split_of(folder, part, folders, unlabelled=True)
    classes, values = read_names(folder, folders), tuple(folders)
    data = _of_split(spec, split, values, classes, template)
    if parts.train:
        folder_layout.unused(folder, [name for name in (parts.train, parts.test, parts.val) if name])
    if not (parts.train and parts.test):
        return data
    test = split_of(folder, parts.test, folders, strict=False)
    return replace(data, test=_of_split(spec, test, values, classes, template)) if len(test.labels) else data


def _table(path: Path, columns: Mapping[str, str]) -> Doubtful:
    found, root = labelled_table(path, columns), path.absolute().parent
    values = tuple(sorted({label for label in found["train"].values() if label}))
    numbers = {value: number for number, value in enumerate(values)}
    classes = read_names(root, values) if all(map(is_bare, values)) else tuple(map(readable, values))
    parts = []
    for labels in found.values():
        given = np.asarray([numbers.get(label, -1) for label in labels.values()], np.int64)
        split = Split(FileImages(root, tuple(labels)), given)
        parts.append(_of_split(str(path), split, values, classes, catalog.TEMPLATE))
    return replace(parts[0], test=parts[1].labelled() if (parts[1].given >= 0).any() else None)


def _of_split(spec: str, split: Split, values: tuple[str, ...], classes: tuple[str, ...], template: str) -> Doubtful:
    files, left = image_names(split.images), no_pictures(split.images)
    return Doubtful(spec, split.images, files, split.labels, values, classes, template, left_out=left)
