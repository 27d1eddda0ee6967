"""What a frozen backbone made of a data set elsewhere: rows of features in the place of pictures. Imports no torch."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Labels
from datamodules.errors import CorruptImage

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Outputs:
    """What is known of the backbone that encoded a data set.

    `name` is that in records, `identity` a hex digest of everything in the file. `texts` [T, C, E] are the text tower's
    outputs for each class in T templates, before normalisation, None if the file has none; `scale` is the logit scale
    and `width` E. `notes` are what the user should know of the file, a line each.
    """

    name: str
    identity: str
    width: int
    scale: float
    classes: tuple[str, ...]
    texts: Floats | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rows:
    """Features [n, E] of images that are not there, of any length; they may lie in a file and are read when asked for.

    `views` [V, n, E] are features of augmented images. `rows` [n] are the images' places in both, None for all in
    order. `files` [n] name the images, and `part` the array that they are of.
    """

    outputs: Outputs
    part: str
    table: NDArray[Any]
    views: NDArray[Any] | None = None
    rows: Labels | None = None
    files: Sequence[str] = ()

    def __len__(self) -> int:
        return len(self.table) if self.rows is None else len(self.rows)

    def __getitem__(self, index: int, /) -> Image:
        """There is no picture. Raises CorruptImage: always."""
        raise CorruptImage(f"{self.describe(index)} is a row of features, and its picture is not there")

    @property
    def fingerprint(self) -> str:
        """Hex digest of the file and of the rows."""
        rows = b"all" if self.rows is None else self.rows.tobytes()
        return hashlib.sha256(f"{self.outputs.identity}{self.part}".encode() + rows).hexdigest()

    def describe(self, index: int) -> str:
        """The image's file, or the number of its row."""
        if len(self.files):
            return str(self.files[index])
        return f"row {index if self.rows is None else self.rows[index]} of {self.part}"

    def unit(self, indices: Labels | None = None, view: int | None = None) -> Floats:
        """Unit features [n, E] of the images `indices` [n], or of all, plain or in one of the views."""
        if indices is None:
            indices = np.arange(len(self))
        source = self.table if view is None or self.views is None else self.views[view % len(self.views)]
        places = indices if self.rows is None else self.rows[indices]
        return normalised(source, places)

    def pick(self, rows: Labels) -> Rows:
        """The images `rows` [n] alone, in this order."""
        places = rows if self.rows is None else self.rows[rows]
        files = [self.files[row] for row in rows.tolist()] if len(self.files) else ()
        return replace(self, rows=places, files=files)


#: Rows that are read, checked or normalised at once.
BLOCK = 2048


def normalised(table: NDArray[Any], rows: Labels) -> Floats:
    """The rows [n] of a table [N, E] of numbers in unit length; no other row is read, and few at once.

    >>> normalised(np.array([[3.0, 4.0], [0.0, 2.0]]), np.array([1, 0])).tolist()
    [[0.0, 1.0], [0.6000000238418579, 0.800000011920929]]
    """
    out = np.empty((len(rows), table.shape[1]), np.float32)
    for first in range(0, len(rows), BLOCK):
        part = table[rows[first : first + BLOCK]].astype(np.float32)
        out[first : first + BLOCK] = part / np.linalg.norm(part, axis=1, keepdims=True)
        let_go(table)
    return out


def let_go(table: NDArray[Any]) -> None:
    """Frees the memory that a mapped table took when it was read; it is read from the file again where needed."""
    mapped = getattr(table, "_mmap", None)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
