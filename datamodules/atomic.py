"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socket import gethostname
from typing import IO

#: Two machines with one folder may have processes of one number.
HOST = gethostname()[:20].replace("/", "-")


def write(path: Path, content: str | bytes) -> None:
    """Replace the file at `path` in one step, as `replacing` does. Text is UTF-8.

    Raises OSError: The folder cannot be written or the disk is full, with the file's name; the old file is untouched.
    """
    with replacing(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which replaces that at `path` in one step at the end, making its folder if need be.

    A reader, or a process killed half way, sees the old content or the new one and never a part. Raises OSError: the
    folder cannot be written or the disk is full, with the file's name; the old file is untouched.
    """
    partial = path.with_name(f".{path.name[-200:]}.{HOST}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)  # of a killed process of this number, or a link that someone laid
        with partial.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise
