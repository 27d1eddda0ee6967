"""Which files in a folder and below it are pictures, and which are left out."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from datamodules import reading

KNOWN = reading.facts_beside(__file__)
#: Suffixes of pictures, in lower case; a file with another one, or none, is one if its first bytes are a picture's.
SUFFIXES: tuple[str, ...] = tuple(KNOWN["suffixes"])


@dataclass(frozen=True)
class PictureFiles:
    """Sorted paths below a folder, of pictures and of files that are none."""

    pictures: tuple[str, ...]
    left_out: tuple[str, ...]


def is_stray(name: str) -> bool:
    """Whether a file or folder of that name is nobody's data.

    >>> [is_stray(name) for name in (".ipynb_checkpoints", "__MACOSX", "cats", ".1.jpg.icloud")]
    [True, True, False, False]
    """
    return (name.startswith(".") and not name.endswith(".icloud")) or name.casefold() in KNOWN["stray"]


def is_unlabelled(name: str) -> bool:
    """Whether a folder of that name holds pictures that nobody has given a class."""
    return re.fullmatch(KNOWN["unlabelled"], name, re.IGNORECASE) is not None


def picture_files(folder: Path) -> PictureFiles:
    """The pictures in a folder and all folders below it, links to folders followed once, to those above it never."""
    above = set(map(str, Path(os.path.realpath(folder)).parents))
    found = sorted(_files(folder, folder, above))
    is_one = {path: is_picture(folder / path) for path in found}
    return PictureFiles(tuple(filter(is_one.get, found)), tuple(path for path in found if not is_one[path]))


def loose_pictures(folder: Path) -> list[str]:
    """Sorted names of the pictures that lie in a folder itself."""
    return sorted(own.name for own in folder.iterdir() if own.is_file() and not is_stray(own.name) and is_picture(own))


def holds_texts_only(folder: Path) -> bool:
    """Whether no file in a folder and below it could be a picture: it is empty, or all are lists and notes."""
    return all(PurePosixPath(file).suffix.lower() in KNOWN["texts"] for file in _files(folder, folder, set()))


def is_picture(path: Path) -> bool:
    """Whether a file is a picture, by its suffix, else by its first bytes; not whether it can be read."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with reading.open_file(path, reading.PICTURE) as file, Image.open(file, formats=KNOWN["formats"]):
            return True
    except Exception:  # whatever a decoder says of a file that is none of its own
        return False


def other_kind(path: Path) -> str:
    """What a file is that is called a picture and is none, and what to do; empty if its first bytes do not tell."""
    try:
        with reading.open_file(path, reading.PICTURE) as file:
            head = file.read(256).lstrip()
    except OSError:
        return ""
    kinds = (text for begin, text in KNOWN["begin"].items() if re.match(begin.encode(), head))
    return next(kinds, "" if head else "it is empty; download it again")


def left_out(files: tuple[str, ...]) -> str:
    """What is said of files that are no pictures; empty if there are none.

    >>> left_out(("a/1.psd", "a/2.PSD", "a/notes.txt"))
    '3 files left out, which are no pictures that can be read: 2 .psd, 1 .txt (a/1.psd ...)'
    """
    if not files:
        return ""
    kinds = Counter(PurePosixPath(file).suffix.lower() or "without a suffix" for file in files)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4))
    hint = "".join(f"; {how}" for kind, how in KNOWN["how"].items() if kind in kinds)
    return f"{len(files)} files left out, which are no pictures that can be read: {counts} ({files[0]} ...){hint}"


def _files(root: Path, folder: Path, seen: set[str]) -> Iterator[str]:
    """Paths relative to `root` of all files in a folder and below it."""
    if (real := os.path.realpath(folder)) in seen:
        return
    seen.add(real)
    for entry in list(os.scandir(folder)):
        if is_stray(entry.name):
            continue
        if entry.is_dir():
            yield from _files(root, Path(entry.path), seen)
        else:
            yield Path(entry.path).relative_to(root).as_posix()
