"""Locations of a data set's files, and instructions for getting them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from datamodules.dataset import Dataset
from datamodules.errors import DataError


class Source(Protocol):
    """Opens a data set; a module in `datamodules/datasets` holds one as SOURCE."""

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if it is on this machine; checks only that files exist."""
        ...

    def open(self, name: str, template: str, root: Path | None, download: bool) -> Dataset:
        """Opens the data set under the data root `root`; only `download=True` uses the network.

        Raises DataError: files missing or inconsistent; the message says what to do.
        """
        ...


@dataclass(frozen=True)
class Layout:
    """A folder, absolute or under the data root, the `parts` it must contain, and how to `get` them."""

    folder: str
    parts: Sequence[str]
    get: str

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if every part is there."""
        wanted = f"{self.folder.rstrip('/')}/ with {', '.join(self.parts)}; {self.get}"
        if root is None and not Path(self.folder).is_absolute():
            return f"set DATA to the folder that holds {wanted}"
        for part in self.parts:
            path = (root or Path()) / self.folder / part
            if not (path.is_dir() if part.endswith("/") else path.exists()):
                return f"{path} is not there; there must be {wanted}"
        return None

    def locate(self, name: str, root: Path | None) -> Path:
        """Path of the folder. Raises DataError: a part is missing; the message says what to do."""
        if problem := self.missing(root):
            raise DataError(f"{name}: {problem}")
        return (root or Path()) / self.folder
