"""Names of folders and files below a results folder, and what may stand in their place."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

from benchmark.records.checksummed import BadRecord

#: The suffixes of files beside a record, and the field of the record that holds each one's hash.
LEARNED, PREDICTIONS = ".safetensors", ".parquet"
BESIDE = {LEARNED: "learned_sha256", PREDICTIONS: "predictions_sha256"}

#: Lists the files of the data sets that a bench left out.
LEFT_OUT = "left_out.csv"
#: What a killed writer or we ourselves left there.
_PASSED_OVER = re.compile(r"\.bad\d*$|\.partial$")


@cache
def slug(name: str) -> str:
    """A data set's name as that of a folder or file: `folder:/data/pets` becomes `folder-data-pets-HASH`.

    A hash tells apart what would look alike: other names never have the same slug.
    """
    plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", name).strip("-.")[-80:] or "dataset"
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode(errors='replace')).hexdigest()[:8]}"


class Names(dict[str, set[str]]):
    """Names in the folder of a data set, by the data set; looked up once."""

    def __init__(self, runs: Path) -> None:
        super().__init__()
        self.runs = runs

    def __missing__(self, dataset: str) -> set[str]:
        self[dataset] = {entry.name for entry in _entries(self.runs / slug(dataset))}
        return self[dataset]


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def quarantine_file(path: Path) -> None:
    """Renames a file or folder to the first of `<name>.bad`, `<name>.bad2`, ... that is free."""
    number, target = 1, path.with_name(f"{path.name}.bad")
    while os.path.lexists(target):
        number += 1
        target = path.with_name(f"{path.name}.bad{number}")
    with suppress(OSError):
        path.rename(target)


def quarantine_record(path: Path) -> None:
    """Renames a record and the files beside it, as `quarantine_file` does."""
    for file in (path, *map(path.with_suffix, BESIDE)):
        if os.path.lexists(file):
            quarantine_file(file)


def in_words(error: BadRecord | OSError) -> str:
    """What is wrong with a file, without its name."""
    if isinstance(error, IsADirectoryError):
        return "it is a folder"
    return str(error.strerror or error) if isinstance(error, OSError) else str(error)


def files_below(runs: Path) -> Iterator[str]:
    """All files below a folder, and folders in the place of a record.

    Its own folders may be links to elsewhere; a link further down is passed over, or named where a record belongs.
    """
    waiting: list[Path | str] = [runs]
    while waiting:
        place = waiting.pop()
        for entry in _entries(place):
            if _PASSED_OVER.search(entry.name):
                continue
            if not _is_folder(entry) or entry.name.endswith(".json"):
                yield entry.path
            elif place == runs or not entry.is_symlink():
                waiting.append(entry.path)
