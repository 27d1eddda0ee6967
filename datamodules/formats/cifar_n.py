"""CIFAR-10N and CIFAR-100N: hub images with a file of human labels, or class folders with a CSV table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from datamodules import reading
from datamodules.dataset import Dataset, Labels
from datamodules.errors import DataError
from datamodules.formats.checks import checked
from datamodules.formats.folder import ClassFolders
from datamodules.formats.hub import Hub
from datamodules.formats.labellings import labelling, without_clean
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

        Raises DataError: files missing or inconsistent.
        """
        folders = ClassFolders(self.folder)
        if folders.missing(root) is None:
            return folders.open(name, template, root)
        file = self._labels.locate(name, root) / self.file
        images = self.hub.open(name, template, root, download)
        return checked(replace(images, given=read_cifar_n(file, images.train.labels)))


def read_cifar_n(path: Path, true: Labels) -> dict[str, Labels]:
    """Reads the labellings [n] of CIFAR-N's `CIFAR-10_human.pt` or `CIFAR-100_human.pt`, without the coarse ones.

    Only arrays are unpickled; anything else in the file is refused. Raises DataError: a file of another form, or clean
    labels that differ from `true` [n].
    """
    import torch  # the catalogue must import without it

    try:
        with torch.serialization.safe_globals(_array_types()), reading.open_file(path, reading.TABLE) as file:
            content: Any = torch.load(file, weights_only=True)
        columns = {name: _whole(values) for name, values in content.items() if "label" in name}
    except Exception as error:  # unpickling may raise anything
        raise DataError(f"{path} is not a file of CIFAR-N's labels: {str(error).splitlines()[0]}") from error
    fine: dict[str, Labels] = {}
    for name, labels in columns.items():
        if "coarse" in name:
            continue
        if fine.setdefault(labelling(name), labels) is not labels:
            raise DataError(f"{path} has the labelling {labelling(name)!r} twice")
    return without_clean(fine, true, path)


def _whole(values: Any) -> Labels:
    """Class numbers [n]."""
    found = np.asarray(values)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise ValueError("its labels are no lists of whole numbers")
    return found.astype(np.int64)


def _array_types() -> list[Any]:
    """Classes and functions in pickled arrays; numpy 1 and 2 name the reconstructing function differently."""
    rebuild = type(np.zeros(1)).__reduce__(np.zeros(1))[0]
    plain = [rebuild, np.ndarray, np.dtype, *(type(np.dtype(kind)) for kind in ("int64", "int32", "uint8"))]
    names = ["numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct"]
    return [*plain, *((rebuild, name) for name in names)]
