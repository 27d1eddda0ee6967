"""CIFAR-10N and CIFAR-100N: hub images with a file of human labels, or class folders with a CSV table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from datamodules.dataset import Dataset
from datamodules.formats.checks import checked
from datamodules.formats.folder import ClassFolders
from datamodules.formats.hub import Hub
from datamodules.formats.labellings import read_cifar_n
from datamodules.formats.source import Layout


@dataclass(frozen=True)
class HumanLabels:
    """Source in `folder/{train,test}/CLASS/...` with a CSV table, or in `folder/file` and the hub's images."""

    hub: Hub
    folder: str
    file: str

    @property
    def _labels(self) -> Layout:
        return Layout(self.folder, (self.file,), "it is in the folder data of github.com/UCSC-REAL/cifar-10-100n")

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if it is there."""
        folders = ClassFolders(self.folder)
        return None if folders.missing(root) is None else self._labels.missing(root) or self.hub.missing()

    def open(self, name: str, template: str, root: Path | None, download: bool = False) -> Dataset:
        """Reads images and human labels, whose clean labels must be those of the images.

        Raises:
            DataError: files missing or inconsistent.
        """
        folders = ClassFolders(self.folder)
        if folders.missing(root) is None:
            return folders.open(name, template, root)
        file = self._labels.locate(name, root) / self.file
        images = self.hub.open(name, template, root, download)
        return checked(replace(images, given=read_cifar_n(file, images.train.labels)))
