"""The list, in a folder, of the files there that are ours."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from benchmark.outputs.place import has_mark, is_there, kept
from datamodules import atomic, reading

#: The name of the list.
MANIFEST = ".promptnoise.json"
ABOUT = "files that promptnoise may replace or remove while they have one of these hashes"
#: The only folders below the list's own that it speaks of.
FOLDERS = (".", "plots", "tables", "paper")


@dataclass(frozen=True)
class Entry:
    """Which command wrote a file, and the hashes that it may have."""

    by: str
    sha256: tuple[str, ...]


def check(folder: Path) -> None:
    """Accept the list of a folder, or that there is none. Raises BadInput: something else stands in its place."""
    path = folder / MANIFEST
    if is_there(path) and not has_mark(path, rb'^\s*\{[^{]*"files":'):
        raise kept(path, "was not written by promptnoise")


def read(folder: Path) -> dict[str, Entry]:
    """What is listed, by paths in the folder; nothing if it cannot be read, and no name outside of our folders."""
    try:
        files = json.loads(_text(folder / MANIFEST))["files"]
        found = {name: Entry(str(item["by"]), tuple(map(str, item["sha256"]))) for name, item in files.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
    return {name: entry for name, entry in found.items() if _is_ours(PurePosixPath(name))}


def write(folder: Path, listed: Mapping[str, Entry]) -> None:
    """Writes the list, unless it says so already."""
    files = {name: {"by": entry.by, "sha256": list(entry.sha256)} for name, entry in sorted(listed.items())}
    text = json.dumps({"about": ABOUT, "files": files}, indent=1) + "\n"
    if text != _text(folder / MANIFEST):
        atomic.write(folder / MANIFEST, text)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Alone with the list of a folder, where its file system has locks; the lock leaves no file."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _text(path: Path) -> str:
    return reading.read_text(path, reading.RECORD) if path.is_file() and not path.is_symlink() else ""


def _is_ours(name: PurePosixPath) -> bool:
    return str(name.parent) in FOLDERS and name.name not in ("", "..", MANIFEST)
