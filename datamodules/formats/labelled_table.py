"""Tables of files and labels, as people and competitions write them: `file,label`, `id,breed`, `Image Name,Class`."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from datamodules.errors import DataError
from datamodules.formats.csv_table import CsvTable, is_missing, read_table
from datamodules.formats.picture_places import is_file, require_files
from datamodules.formats.table_columns import file_column, label_column, part_column
from datamodules.notices import say_once

logger = logging.getLogger(__name__)


def labelled_table(path: Path, columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The labels of the parts `train` and `test` by file relative to the table's folder, empty where a file has none.

    `columns` may name the columns `file`, `label` (more than one, joined by plus signs, if each is of a class) and
    `split`, or `none` for the latter; without one no image is a test image. Raises DataError: columns that cannot be
    told, an empty name, a file that is not there or has two lines, or a label that stands for a missing value.
    """
    table, root = _asked(_with_head(read_table(path)), columns), path.absolute().parent
    name, files = file_column(table, columns.get("file"), root)
    labels = label_column(table, columns.get("label"), [other for other in table.columns if other != name])
    cells = zip(files, labels, part_column(table, columns.get("split")), strict=True)
    lines = tuple((line, own) for (line, _), own in zip(table.lines, cells, strict=True))
    table = replace(table, columns=("file", "label", "part"), lines=lines)
    if bad := table.line_of("label", lambda cell: bool(cell.strip()) and is_missing(cell)):
        how = f"{bad[1]!r} stands for no label; leave the cell empty, or give the class another name"
        raise DataError(f"{path}, line {bad[0]}: {how}")
    rows = table.by_file(root, lambda file: (root / file).exists())
    labels = _plain([row["label"].strip() for row in rows.values()], path)
    there = require_files(root, list(rows), path.name)
    every = list(zip(there, labels, (row["part"] for row in rows.values()), strict=True))
    return {part: {file: label for file, label, own in every if own == part} for part in ("train", "test")}


def _with_head(table: CsvTable) -> CsvTable:
    """The table; one of two columns without a line of names gets one, as the first line names a file that is there."""
    there = [is_file(table.path.parent / name) for name in table.columns]
    if len(there) != 2 or not any(there):
        return table
    say_once(logger, f"{table.path} has no line of names: its columns are taken for those of files and labels")
    columns = tuple("file" if own else "label" for own in there)
    return replace(table, columns=columns, lines=((1, table.columns), *table.lines))


def _asked(table: CsvTable, columns: Mapping[str, str]) -> CsvTable:
    """The table, once it has the columns that are asked for, and lines."""
    if other := columns.keys() - {"file", "label", "split"}:
        raise DataError(f"{table.path} has no option {min(other)!r}; it has: file, label, split")
    if table.columns and not table.lines:
        raise DataError(f"{table.path} has one line, {', '.join(table.columns)}; below it there must be one per file")
    asked = [columns.get("file"), *columns.get("label", "").split("+"), columns.get("split", "").removeprefix("none")]
    if lacking := [name for name in asked if name and name not in table.columns]:
        raise DataError(f"{table.path} has no column {lacking[0]!r}; columns are {', '.join(table.columns)}")
    return table


def _plain(labels: list[str], path: Path) -> list[str]:
    """Labels [n], whole numbers without the fraction that spreadsheets give them; one of several classes is told."""
    parts = {label: re.split(r"\s*[;|,]\s*", label) for label in sorted({*labels})}
    if several := [label for label, own in parts.items() if len(own) > 1 and not {*labels}.isdisjoint(own)]:
        what = f"{several[0]!r} names several classes, and a picture takes one: it is read as a class of its own"
        say_once(logger, f"{path}: {what}")
    whole = all(re.fullmatch(r"(\d+\.0+)?", label) for label in labels)
    return [label.partition(".")[0] if whole else label for label in labels]
