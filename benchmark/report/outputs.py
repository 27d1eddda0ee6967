"""The files that we write below a results folder: no other file there is replaced or removed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from benchmark.errors import BadInput
from benchmark.records.paths import slug
from datamodules import atomic

#: Where it is noted which files we wrote, by their paths in the folder.
MANIFEST = ".promptnoise.json"
#: The only folders that we write files into, besides the results folder itself.
FOLDERS = (".", "plots", "tables")
#: Tables over all data sets.
TABLES = ("leaderboard.csv", "summary.csv", "leaderboard.md", "leaderboard.tex")


def table_file(dataset: str) -> str:
    """The file of a data set's own table."""
    return f"tables/{slug(dataset)}.csv"


class Outputs:
    """Writes files below `out` and removes what an earlier report wrote and this one did not."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.listed = _read(out / MANIFEST)
        self.written: set[str] = set()

    def check(self, names: Iterable[str]) -> None:
        """Look, before the work is done, whether files of these names may be written.

        Raises:
            BadInput: Something that is not ours stands in the place of one.
        """
        for name in names:
            self._check(name, None)

    def write(self, files: Mapping[str, str | bytes]) -> list[Path]:
        """Write files by their paths in the folder, and return where they are.

        They are listed before they are written, so that one that a killed process left is known as ours.

        Raises:
            BadInput: Something else stands in the place of one; nothing is written.
            OSError: The folder cannot be written or the disk is full.
        """
        for name, content in files.items():
            self._check(name, content)
        self._list(self.listed | _read(self.out / MANIFEST) | files.keys())
        for name, content in files.items():
            atomic.write(self.out / name, content)
        self.written |= files.keys()
        return [self.out / name for name in files]

    def remove_stale(self) -> None:
        """Remove the files that are listed and were not written since this object was made."""
        for name in sorted(self.listed - self.written):
            path = self.out / name
            if _is_inside(path, self.out):
                with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
                    path.unlink()
        self._list(self.written)

    def _check(self, name: str, content: str | bytes | None) -> None:
        path = self.out / name
        if not _is_inside(path, self.out):
            raise BadInput(f"{path.parent} is a link to another folder; move it away or choose another --out")
        if path.is_dir():
            raise BadInput(f"{path} is a folder, and a file is to be written there; move it away")
        if name in self.listed or not path.exists():
            return
        if content is not None and path.read_bytes() == _as_bytes(content):
            return
        if name not in _read(self.out / MANIFEST):  # another process may have listed it since
            raise BadInput(f"{path} was not written by promptnoise and is kept; move it away or choose another --out")

    def _list(self, names: Iterable[str]) -> None:
        if (names := set(names)) != self.listed or not (self.out / MANIFEST).exists():
            self.listed = names
            text = json.dumps(
                {"about": "files that promptnoise may replace or remove", "files": sorted(names)}, indent=1
            )
            atomic.write(self.out / MANIFEST, text + "\n")


def _read(manifest: Path) -> set[str]:
    """What a manifest lists; nothing if it cannot be read, and no name outside of our folders."""
    try:
        listed = json.loads(manifest.read_bytes())["files"]
        names = [name for name in listed if isinstance(name, str)]
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return set()
    return {name for name in names if _is_ours(PurePosixPath(name))}


def _is_ours(name: PurePosixPath) -> bool:
    return str(name.parent) in FOLDERS and name.name not in ("", "..", MANIFEST)


def _is_inside(path: Path, out: Path) -> bool:
    """Whether no link leads from the results folder to elsewhere."""
    return Path(os.path.realpath(path.parent)) == Path(os.path.realpath(out)) / path.parent.relative_to(out)


def _as_bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
