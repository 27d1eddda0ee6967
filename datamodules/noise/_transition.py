"""Transition matrices: tables of the fraction of each given class among the images of each true class."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from datamodules import reading
from datamodules.errors import DataError
from datamodules.noise import Floats

#: How far a row's sum may lie from 1, for numbers that were rounded.
TOLERANCE = 1e-3


def read_matrix(file: str) -> tuple[tuple[str, ...], Floats]:
    """The classes that a CSV file names, if it does, and its matrix [C, C], rows in the order of columns.

    The first line may name the columns, and then the first column the rows, in any order. Rows sum to 1; a table that
    sums to 1 as a whole is divided by the sums of its rows. Raises DataError: a file that cannot be read, or that is no
    transition matrix.
    """
    try:
        changed = Path(file).stat().st_mtime_ns
        return _read(file, changed)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"'matrix' noise: {file} cannot be read as a CSV table: {error}") from None


@lru_cache(maxsize=8)
def _read(file: str, changed: int) -> tuple[tuple[str, ...], Floats]:
    """Reads a table; `changed` is when it was, so that another state of it is read again."""
    text = reading.read_text(Path(file), reading.TABLE, "utf-8-sig")
    lines = [line for line in csv.reader(io.StringIO(text, newline="")) if any(cell.strip() for cell in line)]
    if not lines:
        raise DataError(f"{file} is empty; a transition matrix has a line for each true class")
    columns = () if len(lines[0]) == len(lines) and all(map(_is_number, lines[0])) else tuple(map(plain, lines.pop(0)))
    rows: tuple[str, ...] = ()
    if columns and lines and len(columns) == len(lines) + 1:
        columns, rows = columns[1:], tuple(plain(line[0]) for line in lines)
        lines = [line[1:] for line in lines]
    shares = _numbers(file, lines, columns)
    if len(set(columns)) < len(columns):
        raise DataError(f"{file} names a class twice in its first line")
    if rows and sorted(rows) != sorted(columns):
        raise DataError(f"{file}: the first column should name the same classes as the first line")
    places = [rows.index(name) for name in columns] if rows else list(range(len(shares)))
    return columns, _scaled(file, shares[places])


def _numbers(file: str, lines: Sequence[Sequence[str]], columns: Sequence[str]) -> Floats:
    size, named = len(columns) or len(lines), " and a first line of names" if columns else ""
    for place, line in enumerate(lines, 1):
        if len(line) != size or len(lines) != size:
            wide = f"row {place} has {len(line)} values" if len(line) != size else f"it has {len(lines)} rows"
            raise DataError(f"{file} should have as many rows as columns{named}: {size} expected, {wide}")
        if strange := [cell for cell in line if not _is_number(cell) or not 0 <= float(cell) <= 1]:
            raise DataError(f"{file}: {strange[0].strip()!r} in row {place} is no number from 0 to 1")
    return np.array([[float(cell) for cell in line] for line in lines])


def _scaled(file: str, shares: Floats) -> Floats:
    sums = shares.sum(1)
    whole = abs(sums.sum() - 1) <= TOLERANCE and sums.min() > 0
    far = np.flatnonzero(np.abs(sums - 1) > TOLERANCE)
    if len(far) and not whole:
        raise DataError(f"{file}: row {far[0] + 1} sums to {sums[far[0]]:g}; each, of a true class, should sum to 1")
    scaled: Floats = shares / sums[:, None]
    return scaled


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def plain(name: str) -> str:
    """A class name as prompts have it, from one as folders have it."""
    return name.replace("_", " ").strip()
