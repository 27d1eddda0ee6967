"""Pictures in files, decoded when asked for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image

from datamodules.errors import CorruptImage, DataError

UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


@dataclass(frozen=True)
class FileImages:
    """Pictures under `root`, at `paths` relative to it."""

    root: Path
    paths: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Image.Image:
        """The picture in RGB.

        Raises:
            CorruptImage: a file that is not a picture, or half of one.
        """
        try:
            with Image.open(self.root / self.paths[index]) as image:
                picture: Image.Image = image.convert("RGB")
        except UNREADABLE as error:
            raise CorruptImage(f"{self.describe(index)} cannot be read as a picture: {_line(error)}") from error
        return picture

    def describe(self, index: int) -> str:
        """The path of a picture."""
        return str(self.root / self.paths[index])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over paths, file sizes and times of modification, in order; the root plays no part."""
        digest = hashlib.sha256()
        for path in self.paths:
            try:
                state = (self.root / path).stat()
            except OSError as error:
                raise DataError(f"{self.root / path} is not there any more: {_line(error)}") from error
            digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\0".encode())
        return digest.hexdigest()


def require_files(root: Path, paths: list[str], listed_by: str) -> None:
    """Accept a list of pictures only if all of them are there.

    Raises:
        DataError: some are absent; the message names the first and counts the rest.
    """
    folders: dict[Path, set[str]] = {}
    absent = []
    for path in paths:
        full = root / path
        if full.parent not in folders:
            folders[full.parent] = {entry.name for entry in full.parent.iterdir()} if full.parent.is_dir() else set()
        if full.name not in folders[full.parent]:
            absent.append(full)
    if absent:
        more = f" ({len(absent)} of {len(paths)} are absent)" if len(absent) > 1 else ""
        raise DataError(f"{listed_by} lists {absent[0]}, which is not there{more}")


def _line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
