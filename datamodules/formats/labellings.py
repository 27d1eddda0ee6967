"""Labellings by people or from the web, read from CSV tables and CIFAR-N's files (arXiv:2110.12088)."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from datamodules.dataset import Images, Labels, Split
from datamodules.errors import DataError, look_alikes
from datamodules.formats.csv_table import CsvTable, read_table
from datamodules.formats.hub_images import HubImages
from datamodules.formats.images import FileImages
from datamodules.formats.picture_files import KNOWN
from datamodules.formats.picture_places import matched
from datamodules.notices import say_once
from datamodules.reading import NotReadable

Row = Mapping[str, str]

logger = logging.getLogger(__name__)

CLEAN = "clean"
#: Cells and columns of cleanlab and other tools that say how good a label is.
_SCORE = re.compile(r"\s*(true|false|-?\d*\.\d*[1-9]\d*(e-?\d+)?)\s*", re.IGNORECASE).fullmatch
_OF_OTHER_TOOLS = re.compile(r"issue|score|quality|confidence", re.IGNORECASE)
#: What `promptnoise audit` calls the labels that a person has corrected.
AUDITED = "audited"


def read_labellings(folder: Path, train: Split, classes: Sequence[str], test: Split | None = None) -> dict[str, Labels]:
    """Reads the labellings [n] of the training images from all CSV tables in a folder that have a column `file`.

    A column `NAME_label` or `label_NAME` (CIFAR-N writes `random_label1`) is the labelling NAME; its values are class
    numbers or names (those of class folders, if any). A labelling `clean` must equal the true labels and is dropped.
    Lines of other images, those of `test` say, are passed over. Raises DataError: a training image that is not in a
    table or has two lines, a value that is not a class, tables or columns that contradict each other, or clean labels
    that differ.
    """
    given: dict[str, Labels] = {}
    source: dict[str, Path] = {}
    for written in _tables(folder):
        path, table = written.path, written.with_file()
        if "file" in table.columns and table.lines and any("label" in column for column in table.columns):
            is_foreign = table is not written or any(_OF_OTHER_TOOLS.search(column) for column in table.columns)
            try:
                found = _columns_of(table, folder, train, classes, test)
            except DataError as error:
                if not is_foreign:
                    raise
                say_once(logger, f"{path} is not used, as it is another tool's: {error}")
                continue
            found = without_clean(found, train.labels, path)
            for name in given.keys() & found.keys():
                if (given[name] != found[name]).any():
                    raise DataError(f"{path} and {source[name]} give images different labels of one name, {name!r}")
            given |= found
            source |= dict.fromkeys(found, path)
        elif table.lines:
            lacks = "label" if "file" in table.columns else "file"
            say_once(logger, f"{path} is not used: no column {lacks!r} among {', '.join(written.columns)}")
    return given


def audited(folder: Path, test: Split, classes: Sequence[str], train: Split) -> Split:
    """The test images with the labels that the table of an audit gives them; without a line an image keeps its own.

    How many labels differ is said in one line. Raises DataError: a table that does not fit, as `read_labellings` does.
    """
    for table in (written.with_file() for written in _tables(folder)):
        if "file" in table.columns and [labelling(name) for name in table.columns if "label" in name] == [AUDITED]:
            labels = _columns_of(table, folder, test, classes, train).get(AUDITED, test.labels)
            if changed := int((labels != test.labels).sum()):
                say_once(logger, f"{table.path}: {changed} of {len(labels)} test labels are corrected by it, too")
            return Split(test.images, labels)
    return test


def _tables(folder: Path) -> Iterator[CsvTable]:
    """The tables in a folder; a file that is none is named, as are those that are not CSV."""
    if others := [path.name for path in folder.iterdir() if path.suffix.lower() in KNOWN["tables"]["suffixes"][1:]]:
        say_once(logger, f"{folder}: not read, as labels are looked for in CSV: {', '.join(sorted(others)[:5])}")
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv"):
        try:
            yield read_table(path)
        except NotReadable as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from None
        except (OSError, DataError) as error:
            say_once(logger, f"{path} is not used: {str(error).removeprefix(f'{path}: ')}")


def _columns_of(
    table: CsvTable, folder: Path, train: Split, classes: Sequence[str], test: Split | None
) -> dict[str, Labels]:
    """The labelling [n] in each column of labels; columns of scores are named and left out."""
    names = image_names(train.images)
    known = {*names, *(image_names(test.images) if test else ())}
    by_file = table.by_file(folder, known.__contains__)
    if not any(image in by_file for image in names):  # from another machine, or before the images lay in train/
        by_file = {image: by_file[file] for file, image in matched(by_file, names).items()} or by_file
    absent = [image for image in names if image not in by_file]
    columns = [column for column in table.columns if "label" in column]
    other = next((file for file in by_file if file not in known), None)
    if absent and (other or [labelling(column) for column in columns] != [AUDITED]):
        more = f"; it has one for {other}, which is no image" if other else ""
        raise DataError(f"{table.path} has no line for training image {absent[0]} ({len(absent)} are left out){more}")
    if absent:
        say_once(logger, f"{table.path} has no line for {len(absent)} images ({absent[0]} ...): they keep their labels")
    own = dict(zip(names, (classes[label] for label in train.labels), strict=True))
    given: dict[str, Labels] = {}
    scores = []
    for column in columns:
        values = [by_file[image][column] if image in by_file else own[image] for image in names]
        if _OF_OTHER_TOOLS.search(column) or all(map(_SCORE, values)):
            scores.append(column)
            continue
        labels = _numbers(table, column, values, classes)
        if labelling(column) in given and (labels != given[labelling(column)]).any():
            raise DataError(f"{table.path} has two columns of the labelling {labelling(column)!r}, which differ")
        given[labelling(column)] = labels
    if scores:
        say_once(logger, f"{table.path}: not used, as there are no classes in them: {', '.join(scores)}")
    return given


def _numbers(table: CsvTable, column: str, values: Sequence[str], classes: Sequence[str]) -> Labels:
    """The class numbers [n] that the values of a column mean: names of classes, else their numbers."""
    twice = {name for name, count in Counter(classes).items() if count > 1}
    names = {name: number for number, name in enumerate(classes) if name not in twice}
    either = names | {str(c): c for c in range(len(classes))}
    named = all(value in names or _plain(value) in names for value in set(values))
    numbers = names if named else either  # folders may be named by other numbers
    meant = {value: numbers.get(value, numbers.get(_plain(value))) for value in set(values)}
    strange = {value for value, number in meant.items() if number is None}
    if strange and (where := table.line_of(column, strange.__contains__)):
        line, value = where
        near = look_alikes(value, classes)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        if {*values} == {str(number) for number in range(1, len(classes) + 1)}:
            hint = "; these count from 1, and classes from 0"
        raise DataError(f"{table.path}, line {line}: {value!r} in {column!r} is neither a class nor its number{hint}")
    return np.asarray([meant[value] for value in values], dtype=np.int64)


def _plain(value: str) -> str:
    """A cell without blanks around it, and a whole number without the fraction that spreadsheets give it."""
    return re.sub(r"^(\d+)\.0*$", r"\1", value.strip())


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

    Raises DataError: clean labels that differ, as images or classes are in another order.
    """
    clean = given.get(CLEAN)
    if clean is not None and (len(clean) != len(true) or (clean != true).any()):
        raise DataError(f"{path}: clean labels are not those of the images; images or classes are numbered otherwise")
    return {name: labels for name, labels in given.items() if name != CLEAN}
