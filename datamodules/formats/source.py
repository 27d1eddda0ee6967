"""Where a data set's files lie, and what to do where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from datamodules.dataset import Dataset
from datamodules.errors import DataError


class Source(Protocol):
    """How a data set is opened; a file in `datamodules/datasets` holds one as SOURCE."""

    def missing(self, root: Path | None) -> str | None:
        """What to do to have the data, or None where it is on this machine; looks at names of files only."""
        ...

    def open(self, name: str, template: str, root: Path | None, download: bool) -> Dataset:
        """Opens it; `root` is the data root, and only `download` allows the network.

        Raises:
            DataError: whatever is missing or wrong, with what to do about it.
        """
        ...


@dataclass(frozen=True)
class Layout:
    """A folder, under the data root or anywhere, with what must be in it and how to get that."""

    folder: str
    parts: Sequence[str]
    get: str

    def missing(self, root: Path | None) -> str | None:
        """What to do to have the data, or None where every part is there."""
        wanted = f"{self.folder.rstrip('/')}/ with {', '.join(self.parts)}; {self.get}"
        if root is None and not Path(self.folder).is_absolute():
            return f"set DATA to the folder that holds {wanted}"
        for part in self.parts:
            path = (root or Path()) / self.folder / part
            if not path.exists():
                return f"{path} is not there; there must be {wanted}"
        return None

    def locate(self, name: str, root: Path | None) -> Path:
        """The folder itself.

        Raises:
            DataError: a part is missing.
        """
        problem = self.missing(root)
        if problem:
            raise DataError(f"{name}: {problem}")
        return (root or Path()) / self.folder
