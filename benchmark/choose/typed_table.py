"""A CSV table whose rows are dataclasses of text and numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, TypeVar

from benchmark.errors import BadInput
from benchmark.outputs import OneFile
from datamodules import reading
from datamodules.foreign import from_cell
from datamodules.formats.csv_table import as_csv

T = TypeVar("T")
READ: dict[Any, Callable[[str], Any]] = {"str": from_cell, "float": float, "int": int}


def place_of(path: Path, kind: type[Any]) -> OneFile:
    """Where a table of this kind may be written: a file with another header is kept."""
    return OneFile(path, f"^{_header(kind)}\n".encode())


def read_rows(path: Path, kind: type[T]) -> list[T]:
    """The rows of a table; none where there is no such file.

    Raises BadInput: a file that is not a table of this kind.
    """
    if not path.is_file():
        return []
    own = fields(kind)  # type: ignore[arg-type]
    try:
        rows = csv.DictReader(io.StringIO(reading.read_text(path, reading.TABLE), newline=""))
        return [kind(**{field.name: READ[field.type](row[field.name]) for field in own}) for row in rows]
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        raise BadInput(f"{path} is not a table of {_header(kind)}: {type(error).__name__} {error}") from None


def write_rows(path: Path, kind: type[T], rows: Iterable[T]) -> None:
    """Writes a table in one step. Raises BadInput: a file of another kind stands there."""
    lines = (astuple(row) for row in rows)  # type: ignore[call-overload]
    place_of(path, kind).write(as_csv([_header(kind).split(","), *lines]))


def _header(kind: type[Any]) -> str:
    return ",".join(field.name for field in fields(kind))
