"""Files are read here: regular ones alone, opened without waiting, and no more of them than their kind can have.

A named pipe would be waited for, a device has no end; either is one line instead.
"""

from __future__ import annotations

import errno
import os
import stat
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from io import BufferedReader
from pathlib import Path
from typing import Any

MB, GB = 2**20, 2**30
#: Bytes that a file of a kind has at most: what people write, what programs of ours write, tables, pictures, weights.
TEXT, RECORD, TABLE, PICTURE, TENSORS = 4 * MB, 256 * MB, GB, GB, 256 * GB

_KINDS = (
    (stat.S_ISFIFO, "a named pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"), (stat.S_ISBLK, "a device")
)  # fmt: skip


class NotReadable(OSError):
    """A pipe, socket or device in the place of a file, or a file that is too large for what it should be."""


def check(path: Path | str, most: int) -> os.stat_result:
    """Accept a file to read, for libraries that open it themselves; `most` bytes.

    Raises NotReadable: Not a regular file, or a larger one. Raises OSError: It is not there, a folder, or may not be
    read.
    """
    return _checked(path, os.stat(path), most)  # noqa: PTH116 - for many small files, four times as fast


def open_file(path: Path | str, most: int) -> BufferedReader:
    """A file opened for reading bytes; `most` bytes.

    Raises NotReadable: Not a regular file, or a larger one. Raises OSError: It is not there, a folder, or may not be
    read.
    """
    check(path, most)
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - given to the caller
    try:
        _checked(path, os.fstat(file.fileno()), most)  # another file may lie there by now
    except BaseException:
        file.close()
        raise
    return file


def read_bytes(path: Path | str, most: int = RECORD) -> bytes:
    """All of a file of at most `most` bytes.

    Raises NotReadable: Not a regular file, or a larger one. Raises OSError: It is not there, a folder, or may not be
    read.
    """
    with open_file(path, most) as file:
        content = file.read(1 + (size := os.fstat(file.fileno()).st_size))
        while len(content) > size and (part := file.read(min(MB, most + 1 - len(content)))):  # files of /proc grow
            content += part
    if len(content) > most:
        raise _too_large(path, most)
    return content


def read_text(path: Path, most: int = TEXT, encoding: str = "utf-8") -> str:
    """All text of a file of at most `most` bytes, its line ends as they are.

    Raises NotReadable: Not a regular file, or a larger one. Raises OSError: It is not there, a folder, or may not be
    read. Raises UnicodeDecodeError: It is not text of that encoding.
    """
    return read_bytes(path, most).decode(encoding)


def facts_beside(source: Path | str) -> dict[str, Any]:
    """What the TOML file beside a source holds that has its name."""
    return tomllib.loads(read_text(Path(source).with_suffix(".toml")))


def as_text(content: bytes) -> str:
    """Text in UTF-8 or, with a byte order mark, UTF-16; the mark is taken off. Raises UnicodeError: it is neither."""
    return content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _checked(path: Path | str, about: os.stat_result, most: int) -> os.stat_result:
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(about.st_mode):
        what = next((what for is_one, what in _KINDS if is_one(about.st_mode)), "something else")
        raise NotReadable(errno.EINVAL, f"this is {what}, and should be a regular file", str(path))
    if about.st_size > most:
        raise _too_large(path, most)
    return about


def _too_large(path: Path | str, most: int) -> NotReadable:
    size = f"{most // GB} GB" if most >= GB else f"{most // MB} MB"
    return NotReadable(errno.EFBIG, f"this file is larger than {size}, the most for its kind", str(path))
