"""CSV tables with a line per image, as people and `promptnoise audit` write them: used whole, or refused."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import posixpath
import unicodedata
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from datamodules import reading
from datamodules.errors import DataError
from datamodules.foreign import from_cell, to_cell

_DELIMITERS = (",", ";", "\t", "|")
_ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".bz2", ".xz", ".rar", ".7z")
#: What other programs call the column `file`, in lower case.
FILES = ("filename", "file_name", "filepath", "file_path", "path", "image", "image_path", "image_file", "img")
#: What tables write for a value that is missing, in any case; what pandas takes for one.
MISSING = {"", "nan", "-nan", "<na>", "n/a", "na", "#n/a", "#na", "null", "none", "nat"}


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
        if twice := {name for name in self.columns if self.columns.count(name) > 1}:
            raise DataError(f"{self.path} has the column {min(twice)!r} twice")
        found: dict[str, tuple[int, Mapping[str, str]]] = {}
        alike: dict[str, list[str]] = {}
        real = cache(partial(_real, root))
        for line, cells in self.lines:
            if len(cells) != len(self.columns):
                raise DataError(
                    f"{self.path}, line {line}: it has {len(cells)} cells, and the table {len(self.columns)} columns"
                )
            row = dict(zip(self.columns, cells, strict=True))
            name = _image(row["file"], root, is_image)
            folder, file = posixpath.split(name)
            others = alike.setdefault(unicodedata.normalize("NFC", f"{real(folder)}/{file}").casefold(), [])
            for other in others:
                if other == name or _is_same(root, other, name):
                    raise DataError(self._told_twice(name, found[other], (line, row)))
            others.append(name)
            found[name] = line, row
        return {name: row for name, (_, row) in found.items()}

    def with_file(self) -> CsvTable:
        """The table with its one column of FILES called `file`, where none is called so."""
        others = [name for name in self.columns if name.casefold() in FILES]
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

    Raises:
        DataError: not text in UTF-8, or not CSV.
        OSError: not a regular file, or one that may not be read.
    """
    if path.name.lower().endswith(_ARCHIVES):
        raise DataError(f"{path} is an archive; unpack it, and give the folder or table in it")
    try:
        text = _text(path.suffix.lower(), reading.read_bytes(path, reading.TABLE))
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        lines, before = [], 0
        for cells in reader:
            if cells:
                lines.append((before + 1, tuple(cells)))
            before = reader.line_num
    except (ValueError, ImportError, EOFError, gzip.BadGzipFile, zlib.error, csv.Error) as error:
        how = f"; `iconv -f latin1 -t utf8 {path.name}` writes it so" if isinstance(error, UnicodeError) else ""
        raise DataError(f"{path}: it cannot be read as a table, CSV in UTF-8: {error}{how}") from None
    columns = tuple(from_cell(cell.strip()) for cell in lines[0][1]) if lines else ()
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
        rows = [{"file": file, "label": label} for file, label in rows.items()] if isinstance(rows, dict) else rows
        return pd.DataFrame(rows).to_csv(index=False)
    frame = pd.read_parquet(io.BytesIO(content)) if suffix == ".parquet" else pd.read_excel(io.BytesIO(content))
    return frame.to_csv(index=False)


def as_csv(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as a table, numbers with six significant digits, texts as no spreadsheet takes them for formulas."""
    text = io.StringIO()
    kinds: dict[type, Callable[[Any], str]] = {float: "{:.6g}".format, str: to_cell}
    csv.writer(text, lineterminator="\n").writerows([kinds.get(type(cell), str)(cell) for cell in row] for row in rows)
    return text.getvalue()


def _delimiter(text: str) -> str:
    """What parts the columns: the usual sign that stands most often in the first line, a comma if none does."""
    head = text.lstrip("\r\n").partition("\n")[0]
    return max(_DELIMITERS, key=head.count)


def is_missing(cell: str) -> bool:
    """Whether a cell stands for no value: it is empty, or says so as other programs do."""
    return cell.strip().casefold() in MISSING


def _image(file: str, root: Path | None, is_image: Callable[[str], bool]) -> str:
    """The plain path of an image, also if its apostrophe is gone, or it has backslashes or blanks around it."""
    name = _plain(file, root)
    if is_image(name):
        return name
    others = [f"'{file}"] if to_cell(file) != file else []  # tables of ours have taken an apostrophe off
    others += [file.replace("\\", "/"), file.strip()]
    return next((other for other in (_plain(other, root) for other in others) if is_image(other)), name)


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


def _real(root: Path | None, folder: str) -> str:
    """Where a folder is once links and what leads out of `root` and back are followed."""
    try:
        return folder if root is None else os.path.realpath(root / folder)
    except ValueError:  # a name that no file can have
        return folder


def _is_same(root: Path | None, one: str, other: str) -> bool:
    """Whether the file system has one file by two names that differ in case, accents or the way to the folder."""
    try:
        return root is not None and (root / one).samefile(root / other)
    except OSError:
        return False
