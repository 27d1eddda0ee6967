"""A file by itself, in whatever folder: no list is kept there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from benchmark.outputs.place import has_mark, is_there, kept
from datamodules import atomic


@dataclass(frozen=True)
class OneFile:
    """A text, or bytes, that are ours if the pattern `mark` is found in it; the path - is standard output."""

    path: Path
    mark: bytes

    @property
    def is_printed(self) -> bool:
        """Whether the text goes to standard output, where nothing else should go then."""
        return self.path == Path("-")

    def check(self) -> None:
        """Look, before the work is done, whether the file may be written.

        Raises BadInput: Something that is not ours stands in its place.
        """
        if not self.is_printed and is_there(self.path) and not has_mark(self.path, self.mark):
            raise kept(self.path, "was not written by promptnoise")

    @contextmanager
    def opened(self) -> Iterator[IO[bytes]]:
        """The file to write bytes to, there as a whole at the end or not at all.

        Raises BadInput: Something that is not ours stands in the file's place. Raises OSError: It cannot be written or
        the disk is full.
        """
        self.check()
        with atomic.replacing(self.path) as file:
            yield file

    def write(self, text: str) -> None:
        """Write the text, in UTF-8 wherever it goes.

        Raises BadInput: Something that is not ours stands in the file's place. Raises OSError: It cannot be written or
        the disk is full.
        """
        self.check()
        if not self.is_printed:
            atomic.write(self.path, text)
        elif hasattr(sys.stdout, "buffer"):
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode())
            sys.stdout.buffer.flush()
        else:
            sys.stdout.write(text)
