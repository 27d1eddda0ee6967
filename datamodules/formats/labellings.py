"""Labellings by people or from the web, read from CSV tables and CIFAR-N's files (arXiv:2110.12088)."""

from __future__ import annotations

import csv
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from datamodules.dataset import Images, Labels, Split
from datamodules.errors import DataError
from datamodules.foreign import from_cell
from datamodules.formats.hub_images import HubImages
from datamodules.formats.images import FileImages

logger = logging.getLogger(__name__)

CLEAN = "clean"
#: What `promptnoise audit` calls the labels that a person has corrected.
AUDITED = "audited"


def read_labellings(folder: Path, train: Split, classes: Sequence[str], test: Split | None = None) -> dict[str, Labels]:
    """Reads the labellings [n] of the training images from all CSV tables in a folder that have a column `file`.

    A column `NAME_label` or `label_NAME` (CIFAR-N writes `random_label1`) is the labelling NAME; its values are class
    numbers or names (those of class folders, if any). A labelling `clean` must equal the true labels and is dropped.
    Lines of other images, those of `test` say, are passed over.

    Raises:
        DataError: a training image that is not in a table, a value that is not a class, or clean labels that differ.
    """
    given: dict[str, Labels] = {}
    for path in sorted(folder.glob("*.csv")):
        rows = _rows(path)
        if rows and "file" in rows[0]:
            given |= _from_rows(path, rows, train, classes, test)
        elif rows and any("label" in column for column in rows[0] if column):
            logger.warning("%s is not used: it has labels, but no column 'file' that names the images", path)
    return given


def _rows(path: Path) -> list[dict[str, str]]:
    """The lines of a table; none where a file is no table."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return [
                {name: from_cell(cell) if isinstance(cell, str) else cell for name, cell in row.items()}
                for row in csv.DictReader(file)
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        logger.warning("%s is not used: it cannot be read as a table: %s", path, error)
        return []


def _from_rows(
    path: Path, rows: list[dict[str, str]], train: Split, classes: Sequence[str], test: Split | None
) -> dict[str, Labels]:
    images, by_file = image_names(train.images), {row["file"]: row for row in rows}
    if not any(image in by_file for image in images):  # a table from before, or after, the images lay in train/
        moved = {file.removeprefix("train/") if file else file: row for file, row in by_file.items()}
        by_file = (
            moved if any(image in moved for image in images) else {f"train/{file}": by_file[file] for file in by_file}
        )
    absent = [image for image in images if image not in by_file]
    if absent:
        known = {*images, *(image_names(test.images) if test else ())}
        other = next((row["file"] for file, row in by_file.items() if file not in known), None)
        more = f"; it has one for {other}, which is no image" if other else ""
        raise DataError(f"{path} has no line for the training image {absent[0]} ({len(absent)} are left out){more}")
    twice = {name for name, count in Counter(classes).items() if count > 1}
    names = {name: number for number, name in enumerate(classes) if name not in twice}
    either = names | {str(c): c for c in range(len(classes))}
    columns = {column: labelling(column) for column in rows[0] if column and "label" in column}
    given = {}
    for column, name in columns.items():
        values = [by_file[image][column] for image in images]
        numbers = names if names.keys() >= set(values) else either  # folders may be named by other numbers
        strange = [value for value in values if value not in numbers]
        if strange:
            raise DataError(f"{path}: {strange[0]!r} in column {column!r} is neither a class number nor a class")
        given[name] = np.asarray([numbers[value] for value in values], dtype=np.int64)
    return without_clean(given, train.labels, path)


def image_names(images: Images) -> tuple[str, ...]:
    """What the column `file` of a table calls images: a path below their folder, or their split and row."""
    if isinstance(images, FileImages):
        return images.paths
    if isinstance(images, HubImages):
        return tuple(images.row(index) for index in range(len(images)))
    return tuple(images.describe(index) for index in range(len(images)))


def labelling(column: str) -> str:
    """Name of the labelling in a column: `worse_label` is worse, `random_label1` is random1."""
    return column.replace("_label", "").replace("label_", "") or column


def without_clean(given: Mapping[str, Labels], true: Labels, path: Path) -> dict[str, Labels]:
    """The labellings [n] except the clean one, which must equal the true labels [n].

    Raises:
        DataError: clean labels that differ, as images or classes are in another order.
    """
    clean = given.get(CLEAN)
    if clean is not None and (len(clean) != len(true) or (clean != true).any()):
        raise DataError(
            f"{path}: its clean labels are not those of the images; images or classes are numbered otherwise"
        )
    return {name: labels for name, labels in given.items() if name != CLEAN}


def read_cifar_n(path: Path, true: Labels) -> dict[str, Labels]:
    """Reads the labellings [n] of CIFAR-N's `CIFAR-10_human.pt` or `CIFAR-100_human.pt`, without the coarse ones.

    Only arrays are unpickled; anything else in the file is refused.

    Raises:
        DataError: a file of another form, or clean labels that differ from `true` [n].
    """
    import torch  # the catalogue must import without it

    try:
        with torch.serialization.safe_globals(_array_types()):
            content: Any = torch.load(path, weights_only=True)
        columns = {name: np.asarray(values, dtype=np.int64) for name, values in content.items() if "label" in name}
    except Exception as error:  # unpickling may raise anything
        raise DataError(f"{path} is not a file of CIFAR-N's labels: {str(error).splitlines()[0]}") from error
    fine = {labelling(name): labels for name, labels in columns.items() if "coarse" not in name}
    return without_clean(fine, true, path)


def _array_types() -> list[Any]:
    """Classes and functions in pickled arrays; numpy 1 and 2 name the reconstructing function differently."""
    rebuild = type(np.zeros(1)).__reduce__(np.zeros(1))[0]
    plain = [rebuild, np.ndarray, np.dtype, *(type(np.dtype(kind)) for kind in ("int64", "int32", "uint8"))]
    names = ["numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"]
    return [*plain, *((rebuild, name) for name in names)]
