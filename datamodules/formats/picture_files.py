"""Which files in a folder and below it are pictures, and which are left out."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from datamodules import reading

#: Suffixes of pictures, in lower case; a file with another one, or none, is one if its first bytes are a picture's.
SUFFIXES = (
    ".jpg", ".jpeg", ".jfif", ".jpe", ".jif", ".png", ".apng", ".bmp", ".dib", ".webp", ".tif", ".tiff", ".gif", ".ppm",
    ".pgm", ".pbm", ".pnm", ".tga", ".jp2", ".j2k", ".avif", ".ico",
)  # fmt: skip
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "JPEG2000", "AVIF")
#: Folders and files that programs leave behind, in lower case, passed over without a word, as are hidden ones.
STRAY = {"__macosx", "@eadir", "$recycle.bin", "system volume information", "lost+found", "thumbs.db", "desktop.ini"}


@dataclass(frozen=True)
class PictureFiles:
    """Sorted paths below a folder, of pictures and of files that are none."""

    pictures: tuple[str, ...]
    left_out: tuple[str, ...]


def is_stray(name: str) -> bool:
    """Whether a file or folder of that name is nobody's data.

    >>> [is_stray(name) for name in (".ipynb_checkpoints", "__MACOSX", "cats")]
    [True, True, False]
    """
    return name.startswith(".") or name.casefold() in STRAY


def picture_files(folder: Path) -> PictureFiles:
    """The pictures in a folder and all folders below it, links to folders followed once, to those above it never."""
    above = set(map(str, Path(os.path.realpath(folder)).parents))
    found = sorted(_files(folder, folder, above))
    are = [is_picture(folder / path) for path in found]
    return PictureFiles(
        tuple(path for path, is_one in zip(found, are, strict=True) if is_one),
        tuple(path for path, is_one in zip(found, are, strict=True) if not is_one),
    )


def loose_pictures(folder: Path) -> list[str]:
    """Sorted names of the pictures that lie in a folder itself."""
    return sorted(
        path.name for path in folder.iterdir() if path.is_file() and not is_stray(path.name) and is_picture(path)
    )


def is_picture(path: Path) -> bool:
    """Whether a file is a picture, by its suffix, else by its first bytes; not whether it can be read."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with reading.open_file(path, reading.PICTURE) as file, Image.open(file, formats=_FORMATS):
            return True
    except Exception:  # whatever a decoder says of a file that is none of its own
        return False


def left_out(files: tuple[str, ...]) -> str:
    """What is said of files that are no pictures; empty if there are none.

    >>> left_out(("a/1.heic", "a/2.HEIC", "a/notes.txt"))
    '3 files left out, which are no pictures that can be read: 2 .heic, 1 .txt (a/1.heic ...)'
    """
    if not files:
        return ""
    kinds = Counter(PurePosixPath(file).suffix.lower() or "without a suffix" for file in files)
    counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common(4))
    return f"{len(files)} files left out, which are no pictures that can be read: {counts} ({files[0]} ...)"


def _files(root: Path, folder: Path, seen: set[str]) -> Iterator[str]:
    """Paths relative to `root` of all files in a folder and below it."""
    if (real := os.path.realpath(folder)) in seen:
        return
    seen.add(real)
    for entry in os.scandir(folder):
        if is_stray(entry.name):
            continue
        if entry.is_dir():
            yield from _files(root, Path(entry.path), seen)
        else:
            yield Path(entry.path).relative_to(root).as_posix()
