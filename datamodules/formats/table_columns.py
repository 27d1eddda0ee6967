"""Which column of a table names files, which labels and which the split, whatever other programs call them."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from datamodules.errors import DataError
from datamodules.foreign import folded
from datamodules.formats.csv_table import CsvTable
from datamodules.formats.picture_files import KNOWN, picture_files
from datamodules.formats.picture_places import is_file, places
from datamodules.notices import say_once

logger = logging.getLogger(__name__)

_NUMBER = re.compile(r"\s*-?\d*\.?\d+(e-?\d+)?\s*").fullmatch
_SHARE = re.compile(r"\s*(0?\.\d+|[01](\.0*)?|\d\.?\d*e-\d+)?\s*").fullmatch
_ADDRESS = re.compile(r"\s*(https?|s3|gs)://").match
_COLUMNS, _YES = KNOWN["columns"], {"1", "1.0", "true", "yes", "y", "t"}
_FLAG = re.compile(_COLUMNS["one_part"]).fullmatch


def file_column(table: CsvTable, asked: str | None, root: Path) -> tuple[str, list[str]]:
    """The column of files, and its cells as the files are called below `root`; of several, that whose files are there.

    Raises DataError: none can be told, two name different files, a cell is empty, or an address of the web.
    """
    named = [asked] if asked else [name for name in table.columns if name == "file"]
    named = named or [name for name in table.columns if _is(name, "file") or _is(name, "name")]
    for name in named:
        if bad := table.line_of(name, lambda cell: not cell.strip() or _ADDRESS(cell) is not None):
            how = f"{bad[1]} is an address; download the pictures, and name their files"
            raise DataError(f"{table.path}, line {bad[0]}: {how if bad[1].strip() else f'{name} is empty'}")
    cells = {name: table.cells(name) for name in named or table.columns}
    listed = cache(picture_files)
    found = {name: places(root, own, listed) for name, own in cells.items()}
    most = max(map(len, found.values()), default=0)
    best = [name for name, own in found.items() if len(own) == most and (named or most == len({*cells[name]}))]
    if not best or (not named and any(is_file(root / name) for name in table.columns)):
        raise _unclear(table, "file")
    meant = {name: [found[name].get(cell, cell) for cell in cells[name]] for name in best}
    if other := next((name for name in best if meant[name] != meant[best[0]]), None):
        both = f"{best[0]!r} ({cells[best[0]][0]} ...) and {other!r} ({cells[other][0]} ...)"
        raise _unclear(table, "file", f"has two columns that could name the files, {both}")
    if len(named) != 1:
        say_once(logger, f"{table.path}: {best[0]!r} is the column of files")
    return best[0], meant[best[0]]


def label_column(table: CsvTable, asked: str | None, others: Sequence[str]) -> list[str]:
    """The labels [n] in one of the columns `others`, by names where numbers have some, or in one column per class.

    Raises DataError: none can be told, or two contradict each other.
    """
    named = asked.split("+") if asked else [name for name in others if name == "label"]
    named = named or [name for name in others if _is(name, "label")]
    named = named or [name for name in others if name.endswith("_label")]
    shares = named if asked else [name for name in others if all(map(_SHARE, table.cells(name)))]
    if len(shares) > 1 and (not named or asked or (named[0] in shares and len(shares) > 2)):
        wrong, labels = _greatest(table, shares)
        if not wrong:
            say_once(logger, f"{table.path}: the label is the greatest of the columns {', '.join(shares[:5])}")
            return labels
        if not named or asked:
            many = f"{', '.join(shares[:5])}, whose numbers do not sum to 1 in line {wrong}; a picture takes one class"
            raise _unclear(table, "label", f"has one column per class, {many}")
    if not named:
        raise _unclear(table, "label")
    cells = table.cells(named[0])
    if other := next((name for name in named if not _one_to_one(cells, table.cells(name))), None):
        raise _unclear(table, "label", f"has two columns of labels that differ, {named[0]!r} and {other!r}")
    for name in others if asked is None and all(map(_NUMBER, cells)) else ():
        texts = table.cells(name)
        if 2 * len({*texts}) <= len(texts) and not any(map(_NUMBER, texts)) and _one_to_one(cells, texts):
            say_once(logger, f"{table.path}: classes are called as in {name!r}, not by the numbers of {named[0]!r}")
            return texts
    return cells


def part_column(table: CsvTable, asked: str | None) -> list[str]:
    """Which part each line [n] is of, `train`, `test` or another; all are of `train` if no column tells it from test.

    Without a test set, the validation set is it.
    """
    some = [name for name in table.columns if _is(name, "part") or _FLAG(folded(name))]
    for name in [asked] if asked else some:
        parts = [] if name == "none" else [_part(folded(name), cell.strip().casefold()) for cell in table.cells(name)]
        held_out = "test" if "test" in parts else "val"
        if "train" in parts and held_out in parts:
            counts = ", ".join(f"{count} of {part or 'others'}" for part, count in Counter(parts).items())
            use = f"those of train are audited, those of {held_out} are test images; [split=none] takes all"
            say_once(logger, f"{table.path}: by {name!r} there are {counts}; {use}")
            return ["test" if part == held_out else part for part in parts]
        if parts:
            say_once(logger, f"{table.path}: {name!r} is not used, as it does not tell training from test images")
    return ["train"] * len(table.lines)


def _is(name: str, what: str) -> bool:
    return folded(name) in _COLUMNS[what]


def _part(column: str, cell: str) -> str:
    if flag := _FLAG(column):
        return flag[1] if cell in _YES else "test" if flag[1] == "train" else "train"
    return next((part for part, called in KNOWN["parts"].items() if re.search(called, cell)), "")


def _unclear(table: CsvTable, what: str, why: str = "") -> DataError:
    """The error for a table in which one of the two columns cannot be told."""
    listed = ", ".join(table.columns) or "none"
    why = why or f"has no column {what!r}; an audit needs the columns file and label, and there are {listed}"
    how = f"say which: '{table.path}[{'file=COLUMN,' if what == 'file' else ''}label=COLUMN]'"
    if any(is_file(table.path.parent / name) for name in table.columns):
        how = "write file,label above the first line"
    return DataError(f"{table.path} {why}; {how}")


def _greatest(table: CsvTable, columns: Sequence[str]) -> tuple[int, list[str]]:
    """The column of the greatest number in each line, "" for none, and the first line that is no share of 1 in all."""
    labels, cells = [], zip(*map(table.cells, columns), strict=True)
    for (line, _), own in zip(table.lines, cells, strict=True):
        numbers = [float(cell) if cell.strip() else 0.0 for cell in own]
        if any(numbers) and abs(sum(numbers) - 1) > 0.02:
            return line, []
        labels.append(columns[numbers.index(max(numbers))] if numbers.count(max(numbers)) == 1 else "")
    return 0, labels


def _one_to_one(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two columns divide the lines alike."""
    return len({*zip(one, other, strict=True)}) == len({*one}) == len({*other})
