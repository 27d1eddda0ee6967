"""Tables of files and labels, as people and competitions write them: `file,label`, `id,breed`, `Image Name,Class`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from datamodules.errors import DataError
from datamodules.foreign import folded
from datamodules.formats.csv_table import FILES, CsvTable, is_missing, read_table
from datamodules.formats.images import require_files
from datamodules.formats.picture_files import picture_files
from datamodules.notices import say_once

logger = logging.getLogger(__name__)

_NUMBER = re.compile(r"\s*-?[\d.]+(e-?\d+)?\s*").fullmatch
#: What others call the two columns, without case and signs.
_FILES = {folded(name) for name in FILES} | {"id", "imageid", "imageids", "imagename", "imagefilename", "fname", "name"}
_PARTS = {"split", "subset", "partition", "fold", "istrain", "istest", "isval"}
_LABELS = {"label", "labels", "class", "classes", "category", "target", "classname", "labelname", "species", "breed"}


def labelled_table(path: Path, columns: Mapping[str, str]) -> dict[str, str]:
    """The labels of a table by file relative to its folder, empty where a file has none.

    `columns` may name the columns `file` and `label`. A name that is not there is looked for below the table's folder,
    with any suffix. Raises DataError: columns that cannot be told, an empty name, a file that is not there or has two
    lines, or a label that stands for a missing value.
    """
    table, root = _with_columns(read_table(path), columns), path.absolute().parent
    if bad := table.line_of("file", lambda cell: not cell.strip()):
        raise DataError(f"{path}, line {bad[0]}: file is empty")
    if bad := table.line_of("file", lambda cell: re.match(r"\s*(https?|s3|gs)://", cell) is not None):
        raise DataError(f"{path}, line {bad[0]}: {bad[1]} is an address; download the pictures, and name their files")
    rows = table.by_file(root, lambda file: (root / file).exists())
    if bad := table.line_of("label", lambda cell: bool(cell.strip()) and is_missing(cell)):
        how = f"{bad[1]!r} stands for no label; leave the cell empty, or give the class another name"
        raise DataError(f"{path}, line {bad[0]}: {how}")
    for part in (name for name in table.columns if folded(name) in _PARTS):
        say_once(logger, f"{path}: the column {part!r} is not used; leave out the lines of other parts to use one")
    found = {file: row["label"].strip() for file, row in rows.items()}
    labels = {*found.values()}
    parts = {label: re.split(r"\s*[;|,]\s*", label) for label in sorted(labels)}
    if several := [label for label, own in parts.items() if len(own) > 1 and not labels.isdisjoint(own)]:
        what = f"{several[0]!r} names several classes, and a picture takes one: it is read as a class of its own"
        say_once(logger, f"{path}: {what}")
    if all(re.fullmatch(r"(\d+\.0+)?", label) for label in labels):  # numbers, as spreadsheets write them
        found = {file: label.partition(".")[0] for file, label in found.items()}
    if not any((root / file).exists() for file in found):
        found = _below(root, found)
    there = require_files(root, list(found), path.name)
    return dict(zip(there, found.values(), strict=True))


def _with_columns(table: CsvTable, columns: Mapping[str, str]) -> CsvTable:
    """The table with the columns of files and labels called `file` and `label`."""
    if other := columns.keys() - {"file", "label"}:
        raise DataError(f"{table.path} has no option {min(other)!r}; it has: file, label")
    if table.columns and not table.lines:
        raise DataError(f"{table.path} has one line, {', '.join(table.columns)}; below it there must be one per file")
    for what, usual in (("file", _FILES), ("label", _LABELS)):
        asked = columns.get(what, what)
        if asked in table.columns:
            found = [asked]
        elif what in columns:
            raise DataError(f"{table.path} has no column {asked!r}; columns are {', '.join(table.columns)}")
        else:
            found = [name for name in table.columns if folded(name) in usual]
            found = found or [name for name in table.columns if what == "label" and name.endswith("_label")]
        if len(found) != 1:
            raise DataError(
                f"{table.path} has no column {what!r}; an audit needs the columns file and label, and there are"
                f" {', '.join(table.columns) or 'none'}; {_how(table, what)}"
            )
        named = {what: f"other {what}", found[0]: what}
        table = replace(table, columns=tuple(named.get(name, name) for name in table.columns))
    return table


def _how(table: CsvTable, what: str) -> str:
    """What to do with a table in which one of the two columns cannot be told."""
    if any((table.path.parent / name).is_file() for name in table.columns):
        return "write file,label above the first line"
    cells = zip(*(row for _, row in table.lines), strict=False)
    numbers = [name for name, own in zip(table.columns, cells, strict=False) if all(map(_NUMBER, own))]
    if what == "label" and len(numbers) > 1:
        return f"one column per class ({', '.join(numbers[:3])}) is not read: write the largest one's name into label"
    return f"say which: '{table.path}[file=COLUMN,label=COLUMN]'"


def _below(root: Path, labels: Mapping[str, str]) -> dict[str, str]:
    """The labels by where files of these names lie below the table's folder, if each lies in one place."""
    names: dict[str, list[str]] = {}
    for picture in picture_files(root).pictures:
        for name in {Path(picture).name, Path(picture).stem}:
            names.setdefault(name, []).append(picture)
    places = {file: names.get(re.split(r"[\\/]", file)[-1], []) for file in labels}
    if any(len(found) != 1 for found in places.values()):
        return dict(labels)
    return {places[file][0]: label for file, label in labels.items()}
