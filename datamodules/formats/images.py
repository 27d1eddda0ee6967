"""Images in files, decoded on access."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from datamodules import reading
from datamodules.dataset import Labels
from datamodules.decoding import to_rgb
from datamodules.errors import CorruptImage, DataError
from datamodules.formats.picture_files import other_kind

UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)


@dataclass(frozen=True)
class FileImages:
    """The images at `paths` relative to `root`, decoded on access; `left_out` are files beside them that are none.

    Raises DataError: a path that is not text in UTF-8.
    """

    root: Path
    paths: tuple[str, ...]
    left_out: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for path in self.paths if _not_text(*self.paths) else ():
            if _not_text(path):
                raise DataError(
                    f"{self.root / path}: this name is not text in UTF-8, so no table could hold it; rename the file or"
                    " folder, for example with `convmv -f latin1 -t utf8 --notest`"
                )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Image.Image:
        """Image `index` in RGB. Raises CorruptImage: a file that is missing, is not an image or is truncated."""
        try:
            with reading.open_file(self.root / self.paths[index], reading.PICTURE) as file, Image.open(file) as image:
                return to_rgb(image)
        except UNREADABLE as error:
            path = self.root / self.paths[index]
            raise CorruptImage(f"{path} cannot be read as a picture: {other_kind(path) or reason(error)}") from error

    def pick(self, rows: Labels) -> FileImages:
        """The images `rows` [n] alone, in this order."""
        return replace(self, paths=tuple(self.paths[row] for row in rows.tolist()))

    def describe(self, index: int) -> str:
        """Path of an image."""
        return str(self.root / self.paths[index])

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 hex digest of relative paths, file sizes and modification times, where there is a file, in order."""
        digest = hashlib.sha256()
        for path in self.paths:
            digest.update(f"{path}\0".encode())
            with suppress(OSError):  # a broken link, say, which is an error once it is read
                state = (self.root / path).stat()
                digest.update(f"{state.st_size}\0{state.st_mtime_ns}\0".encode())
        return digest.hexdigest()


def no_pictures(images: object) -> tuple[tuple[str, str], ...]:
    """The files beside images in folders that are left out, and why."""
    return tuple((file, "is no picture") for file in images.left_out) if isinstance(images, FileImages) else ()


def _not_text(*names: str) -> bool:
    """Whether a name came from bytes that are not UTF-8."""
    try:
        "".join(names).encode()
    except UnicodeEncodeError:
        return True
    return False


def reason(error: BaseException) -> str:
    """Why a file cannot be read as a picture, in one line that does not name it."""
    if isinstance(error, UnidentifiedImageError):
        return "it is no picture of a known kind"
    return (getattr(error, "strerror", None) or str(error) or type(error).__name__).splitlines()[0]
