"""Images in a column of a table of the `datasets` library."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datamodules import reading
from datamodules.dataset import Labels
from datamodules.decoding import to_rgb
from datamodules.errors import CorruptImage
from datamodules.formats.images import UNREADABLE, reason

SAMPLE = 256


@dataclass(frozen=True, eq=False)
class HubImages:
    """The images in `column` of a table, decoded on access; `where` and `part` name data set and split in messages.

    `rows` [n], if given, are the only rows of the table that count.
    """

    where: str
    table: Any
    column: str
    part: str = "train"
    rows: Labels | None = None

    def __len__(self) -> int:
        return len(self.table) if self.rows is None else len(self.rows)

    def __getitem__(self, index: int) -> Image.Image:
        """Image `index` in RGB. Raises CorruptImage: bytes that are not an image, or are truncated."""
        try:
            return to_rgb(self._pictures[index][self.column])
        except (*UNREADABLE, AttributeError) as error:
            file = getattr(error, "filename", None)
            cause = "there is none" if isinstance(error, AttributeError) else reason(error)
            cause = f"{file}: {cause}" if file else cause
            raise CorruptImage(f"{self.describe(index)} cannot be read as a picture: {cause}") from error

    def pick(self, rows: Labels) -> HubImages:
        """The rows [n] of the table alone, in this order."""
        return replace(self, rows=rows)

    def describe(self, index: int) -> str:
        """Data set, split and row of an image."""
        return f"{self.where} {self.row(index)}"

    def row(self, index: int) -> str:
        """Split and row of an image in the table as it was read."""
        return f"{self.part} row {index if self.rows is None else int(self.rows[index])}"

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 hex digest of the sizes in bytes of all images, in order, and the content of up to 256 of them."""
        raw = self._pictures.with_format("arrow")
        digest = hashlib.sha256(f"{len(self)}".encode())
        for batch in raw.iter(batch_size=1000):
            digest.update(_sizes(batch[self.column]).tobytes())
        for index in np.linspace(0, len(self) - 1, min(SAMPLE, len(self))).astype(int).tolist():
            digest.update((raw[index][self.column].to_pylist()[0] or {}).get("bytes") or b"")
        return digest.hexdigest()

    @cached_property
    def _pictures(self) -> Any:
        table = self.table.select_columns([self.column])
        return table if self.rows is None else table.select(self.rows)


def _sizes(pictures: Any) -> np.ndarray:
    """Size of every image in bytes [n], whether it is in the table or in a file that the table names."""
    import pyarrow.compute as pc

    sizes = pc.binary_length(pc.struct_field(pictures, "bytes"))
    if sizes.null_count:
        both = zip(sizes.to_pylist(), pc.struct_field(pictures, "path").to_pylist(), strict=True)
        return np.asarray([_size(size, path) for size, path in both], "<i8")
    return np.asarray(sizes.to_numpy(zero_copy_only=False), dtype="<i8")


def _size(inside: int | None, path: str | None) -> int:
    """Bytes of one image; -1 where there is none, 0 where its file is not there, which is said when it is decoded."""
    if inside is not None or path is None:
        return -1 if inside is None else inside
    try:
        return reading.check(Path(path), reading.PICTURE).st_size
    except OSError:
        return 0
