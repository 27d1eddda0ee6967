"""CSV tables with a line per image, as people and `promptnoise audit` write them: used whole, or refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
import logging
import os
import posixpath
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import Any

from datamodules import reading
from datamodules.errors import DataError
from datamodules.foreign import folded, from_cell, to_cell
from datamodules.formats.picture_files import KNOWN
from datamodules.notices import say_once

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CsvTable:
    """A table: its columns, and the cells of its lines with the number of each line in the file."""

    path: Path
    columns: tuple[str, ...]
    lines: tuple[tuple[int, tuple[str, ...]], ...]

    def by_file(self, root: Path | None, is_image: Callable[[str], bool]) -> Mapping[str, Mapping[str, str]]:
        """The lines by the image that the column `file` names, as a plain path relative to `root` where it has one.

        `is_image` tells whether a path is one of an image: where a name is that of an image only with the apostrophe
        that tables have before a formula, it is part of the name. Raises DataError: a column that is named twice, a
        line with more or fewer cells than columns, or an image with two lines, whatever its path is written like; the
        message names both.
        """
        columns = {name: self.cells(name) for name in self.columns}
        found: dict[object, tuple[str, int, Mapping[str, str]]] = {}
        for line, cells in self.lines:
            row = dict(zip(columns, cells, strict=True))
            name = _image(row["file"], root, is_image)
            own = _identity(root, name)
            if own in found:
                raise DataError(self._told_twice(name, found[own][1:], (line, row)))
            found[own] = name, line, row
        return {name: row for name, _, row in found.values()}

    def cells(self, column: str) -> list[str]:
        """The cells [n] of a column. Raises DataError: it is there twice, or a line has another number of cells."""
        if self.columns.count(column) > 1:
            raise DataError(f"{self.path} has the column {column!r} twice")
        if wrong := next(((line, len(own)) for line, own in self.lines if len(own) != len(self.columns)), None):
            many = f"it has {wrong[1]} cells, and the table {len(self.columns)} columns"
            raise DataError(f"{self.path}, line {wrong[0]}: {many}")
        place = self.columns.index(column)
        return [own[place] for _, own in self.lines]

    def with_file(self) -> CsvTable:
        """The table with its one column of files called `file`, whatever it was called."""
        others = [name for name in self.columns if folded(name) in KNOWN["columns"]["file"]]
        if "file" in self.columns or len(others) != 1:
            return self
        return replace(self, columns=tuple("file" if name == others[0] else name for name in self.columns))

    def line_of(self, column: str, is_wrong: Callable[[str], bool]) -> tuple[int, str] | None:
        """The first line whose cell in a column is wrong, and that cell."""
        place = self.columns.index(column)
        return next(((line, cells[place]) for line, cells in self.lines if is_wrong(cells[place])), None)

    def _told_twice(self, name: str, *rows: tuple[int, Mapping[str, str]]) -> str:
        (first, one), (second, other) = rows
        column = next((column for column in self.columns if column != "file" and one[column] != other[column]), None)
        how = "" if column is None else f", with the {column} {one[column]!r} and {other[column]!r}"
        return f"{self.path}: lines {first} and {second} are both of {name}{how}; give every image one line"


def read_table(path: Path) -> CsvTable:
    """Reads a table; a file without lines has no columns.

    Raises DataError: not text in UTF-8, or not CSV. Raises OSError: not a regular file, or one that may not be read.
    """
    if path.name.lower().endswith(tuple(KNOWN["tables"]["archives"])):
        raise DataError(f"{path} is an archive; unpack it, and give the folder or table in it")
    try:
        text, delimiter = _begun(path, _text(path.suffix.lower(), reading.read_bytes(path, reading.TABLE)))
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        lines, before = [], 0
        for cells in reader:
            if cells:
                lines.append((before + 1, tuple(cells)))
            before = reader.line_num
    except (ValueError, ImportError, EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error, csv.Error) as error:
        how = f"; {KNOWN['tables']['utf8'].format(name=quote(path.name))}" if isinstance(error, UnicodeError) else ""
        raise DataError(f"{path}: it cannot be read as a table, CSV in UTF-8: {error}{how}") from None
    columns = tuple(from_cell(cell.strip()) for cell in lines[0][1]) if lines else ()
    if len(lines) > 1 and all(len(own) == len(columns) + 1 and not own[-1].strip() for _, own in lines[1:]):
        lines = [(line, own[: len(columns)]) for line, own in lines]  # each line but the first ends in a comma
    return CsvTable(path, columns, tuple((line, tuple(map(from_cell, cells))) for line, cells in lines[1:]))


def _text(suffix: str, content: bytes) -> str:
    """The text of a table as CSV, also of one in JSON, Parquet, Excel or gzip. Raises ValueError: of another form."""
    if suffix == ".gz":
        return reading.as_text(gzip.GzipFile(fileobj=io.BytesIO(content)).read(reading.TABLE))
    if suffix not in (".json", ".jsonl", ".parquet", ".xlsx", ".xls"):
        return reading.as_text(content)
    import pandas as pd

    if suffix in (".json", ".jsonl"):
        text = reading.as_text(content)
        rows = json.loads(text) if suffix == ".json" else [json.loads(line) for line in text.splitlines() if line]
        return pd.DataFrame(_rows(rows)).to_csv(index=False)
    frame = pd.read_parquet(io.BytesIO(content)) if suffix == ".parquet" else pd.read_excel(io.BytesIO(content))
    return frame.to_csv(index=False)


def _rows(content: Any) -> Any:
    """Rows or columns of a table in JSON: of files and their labels, or the one list of objects among other facts."""
    if not isinstance(content, dict):
        return content
    if not any(isinstance(value, list | dict) for value in content.values()):
        return [{"file": file, "label": label} for file, label in content.items()]
    lists = [own for own in content.values() if isinstance(own, list) and own and isinstance(own[0], dict)]
    return lists[0] if len(lists) == 1 else content


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as a table, numbers with six significant digits, texts as no spreadsheet takes them for formulas."""
    text = io.StringIO()
    kinds: dict[type, Callable[[Any], str]] = {float: "{:.6g}".format, str: to_cell}
    csv.writer(text, lineterminator="\n").writerows([kinds.get(type(cell), str)(cell) for cell in row] for row in rows)
    return text.getvalue()


def _begun(path: Path, text: str) -> tuple[str, str]:
    r"""A table's text, comments and Excel's `sep=;` before its first line made empty, and what parts its columns.

    That is the usual sign that stands most often in the first line; where none does, the last blank of each line.

    >>> _begun(Path("t.csv"), "sep=;\nfile;label"), _begun(Path("t.txt"), "my cat.png 0")
    (('\nfile;label', ';'), ('my cat.png\t0', '\t'))
    """
    begin = re.match(KNOWN["tables"]["begin"], text, re.IGNORECASE)
    assert begin is not None
    if "#" in begin[0]:
        say_once(logger, f"{path}: comments, not read as lines of the table: {' '.join(begin[0].split())}")
    rest = text[begin.end() :]
    head, empty = re.split(r"[\r\n]", rest, maxsplit=1)[0], "\n" * len(re.findall(r"\r\n?|\n", begin[0]))
    sign = begin["sign"] or max(KNOWN["tables"]["delimiters"], key=head.count)
    if sign not in head and re.search(r"\S[ ]+\S", head):
        sign, rest = "\t", re.sub(r"(?m)[ ]+(?=[^\s]+\s*?$)", "\t", rest)
    return empty + rest, sign


def is_missing(cell: str) -> bool:
    """Whether a cell stands for no value: it is empty, or says so as other programs do."""
    return cell.strip().casefold() in KNOWN["tables"]["missing"]


def _image(file: str, root: Path | None, is_image: Callable[[str], bool]) -> str:
    """The plain path of an image, also if its apostrophe is gone, or it has backslashes or blanks around it."""
    spellings = (file, f"'{file}", file.replace("\\", "/"), file.strip())  # tables of ours took an apostrophe off
    plain = [_plain(one, root) for one in spellings if one != f"'{file}" or to_cell(file) != file]
    return next(filter(is_image, plain), plain[0])


def _plain(file: str, root: Path | None) -> str:
    """A path without `.`, `..` and double slashes, relative to `root` if it lies below it.

    >>> _plain("./a//b/../c.png", None), _plain("/data/x/a.png", Path("/data/x"))
    ('a/c.png', 'a.png')
    """
    name = posixpath.normpath(file) if file else file
    if root is not None and posixpath.isabs(name):
        above = f"{posixpath.normpath(root.as_posix())}/"
        return name.removeprefix(above)
    return name


def _identity(root: Path | None, name: str) -> object:
    """What a file is the same by, whatever way leads to it, in whatever case and accents its name is written."""
    with suppress(OSError, ValueError):  # not there, or a name that no file can have
        if root is not None:
            about, file = os.stat(f"{root}/{name}"), posixpath.basename(name)  # noqa: PTH116 - for many lines
            return about.st_dev, about.st_ino, unicodedata.normalize("NFC", file).casefold()
    return name
