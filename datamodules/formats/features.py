"""Data sets that a frozen backbone has encoded already: `features:/path`, features in the place of pictures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from datamodules.dataset import Dataset, Split
from datamodules.errors import DataError
from datamodules.formats.arrays import Arrays, read_array, read_arrays
from datamodules.formats.checks import checked
from datamodules.formats.encoded_arrays import EncodedArrays
from datamodules.formats.held_out import SHARE, divided


@dataclass(frozen=True)
class FeatureFile:
    """Source of features [N, E] in one file or folder (`KNOWN`), or in an .npy file beside one of `labels` [N].

    `texts` and `classes` name an .npy file of text features and a .txt file of class names for the latter. Without a
    test split the `share` of each class, 0 to 1, is for testing: `SHARE` where none is given.
    """

    path: str
    labels: str = ""
    texts: str = ""
    classes: str = ""
    share: float | None = None

    def missing(self, root: Path | None) -> str | None:
        """Returns what to do to get the data, or None if it is there."""
        lacking = next((path for path in self._paths if not path.exists()), None)
        how = "`promptnoise features` makes such a file (docs/features.md)"
        return None if lacking is None else f"{lacking} is not there; {how}"

    def open(self, name: str, template: str, root: Path | None = None, download: bool = False) -> Dataset:
        """The data set, with `outputs` of its backbone; a file that has not changed is looked through once.

        Raises DataError: files missing, not of this kind or inconsistent.
        """
        if problem := self.missing(root):
            raise DataError(f"{name}: {problem}")
        return replace(_open(self, tuple(_state(path) for path in self._paths)), name=name)

    @property
    def _paths(self) -> list[Path]:
        return [Path(path).expanduser() for path in (self.path, self.labels, self.texts, self.classes) if path]

    def arrays(self) -> Arrays:
        """The arrays by name. Raises DataError: a file that cannot be read."""
        path = Path(self.path).expanduser()
        if path.suffix.lower() != ".npy":
            return read_arrays(path)
        if not self.labels:
            raise DataError(f"{path} has no labels; name their labels, too: features:{path}[labels=/path/labels.npy]")
        named = {"train_labels": self.labels, "text_features_raw": self.texts, "class_names": self.classes}
        others = {name: read_array(Path(one).expanduser()) for name, one in named.items() if one}
        return {"train_features": read_array(path), **others}


def _state(path: Path) -> tuple[tuple[str, int, int], ...]:
    """What changes when a file, or one in a folder, does."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return tuple((str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files)


@lru_cache(maxsize=8)
def _open(source: FeatureFile, state: object) -> Dataset:
    content = EncodedArrays(source.path, source.arrays())
    outputs, has_test = content.outputs(), "test" in content.parts
    if has_test and source.share is not None:
        raise DataError(f"{source.path} has a test split already; leave out [split={source.share:g}]")
    share = source.share or SHARE
    if not has_test:
        note = f"there is no test split, so {share:.0%} of the images of each class are for testing"
        outputs = replace(outputs, notes=(*outputs.notes, note))
    splits = {part: Split(content.rows(part, outputs), content.labels[part]) for part in content.parts}
    train, test, given = splits["train"], splits.get("test"), content.given
    whole = Dataset(source.path, outputs.classes, "{}", train, test or train, splits.get("val"), given, outputs=outputs)
    return checked(whole if test else divided(whole, share, content.arrays.get("train_files", np.array(())).tolist()))
