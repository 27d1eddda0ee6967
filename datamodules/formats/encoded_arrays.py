"""What a file of features holds, checked: arrays by their names, and what they say of the backbone."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Labels
from datamodules.encoded import BLOCK, Floats, Outputs, Rows, let_go
from datamodules.errors import DataError
from datamodules.formats.arrays import Arrays
from datamodules.formats.checks import readable

#: The arrays of a file besides features, labels and files of its parts; `train_labels_NAME` are further labellings.
OTHERS = ("class_names", "text_features_raw", "logit_scale", "views", "backbone")
PARTS = ("train", "val", "test")
#: An array that nothing reads; its name shows that the file is one of ours.
MADE_BY = "made_by_promptnoise"
KNOWN = (MADE_BY, *OTHERS, *(f"{part}_{what}" for part in PARTS for what in ("features", "labels", "files")))
MORE_LABELS = "train_labels_"
#: Arrays of more bytes are hashed in `BLOCKS` blocks of 1 MiB, evenly spread, and not as a whole.
WHOLE = 2**26
BLOCKS = 64
#: How far the length of a row may be from 1 before we say so.
TOLERANCE = 0.01


class EncodedArrays:
    """The arrays of a file of features, `where` for messages.

    Raises DataError: what there must be is not there, does not fit together, or is no feature, label or name.
    """

    def __init__(self, where: str, arrays: Arrays) -> None:
        self.where, self.arrays = where, {name: _plain(name, own) for name, own in arrays.items()}
        self.one_hot = [name for name, own in arrays.items() if self.arrays[name].ndim < own.ndim > 1 < own.shape[1]]
        for name, own in self.arrays.items():
            if "_labels" in name and own.dtype.kind not in "iuU":
                raise self._error(f"{name} should be whole numbers, got {own.dtype}")
        self.parts = [part for part in PARTS if f"{part}_features" in arrays]
        for part in dict.fromkeys(("train", *self.parts)):
            for name in (f"{part}_features", f"{part}_labels"):
                if name not in arrays:
                    raise self._error(f"there is no {name}; there are: {', '.join(sorted(arrays)) or 'no arrays'}")
        self.classes = self._classes()
        self.labels = {part: self._labels(f"{part}_labels", len(arrays[f"{part}_features"])) for part in self.parts}

    @property
    def given(self) -> dict[str, Labels]:
        """Further labellings [N] of the training images by their names."""
        names = [name for name in self.arrays if name.startswith(MORE_LABELS)]
        return {name.removeprefix(MORE_LABELS): self._labels(name, len(self.labels["train"])) for name in names}

    def outputs(self) -> Outputs:
        """What is known of the backbone, after a look at every feature."""
        width, notes = self._check_features(), []
        if self.unit is False:
            notes.append("features are not all of unit length; they are normalised when read")
        if "class_names" not in self.arrays and self.arrays["train_labels"].dtype.kind != "U":
            notes.append("there are no class_names; classes are called by their numbers")
        if self.one_hot:
            notes.append(f"labels are one-hot, the place of the 1 is the class: {', '.join(self.one_hot)}")
        scale = self._scale()
        if abs(scale - np.log(100)) < 1e-2:
            notes.append(f"logit_scale is {scale:.4g}, which looks like the logarithm of 100: save its exponential")
        for name in sorted(set(self.arrays) - set(KNOWN)):
            if not name.startswith(MORE_LABELS):
                near = [each for each in KNOWN if each.startswith(name)] or difflib.get_close_matches(name, KNOWN, n=1)
                notes.append(f"{name!r} is not used{f'; did you mean {near[0]!r}?' if near else ''}")
        digest = self._digest()
        name = f"{self._made_by()}@{digest[:12]}"
        return Outputs(name, digest, width, scale, self.classes, self._texts(width), tuple(notes))

    def rows(self, part: str, outputs: Outputs) -> Rows:
        """The images of a part."""
        table = self.arrays[f"{part}_features"]
        views = self.arrays.get("views") if part == "train" else None
        files = self.arrays.get(f"{part}_files")
        if files is not None and (files.dtype.kind != "U" or files.shape != (len(table),)):
            raise self._error(f"{part}_files should be {len(table)} names, one for each row of {part}_features")
        return Rows(outputs, part, table, views, None, () if files is None else files.tolist())

    def _classes(self) -> tuple[str, ...]:
        names, labels = self.arrays.get("class_names"), self.arrays["train_labels"]
        if names is None and labels.dtype.kind == "U":
            names = np.unique(labels)
        elif names is None:
            if len(labels) and labels.min() == 1:
                raise self._error("the least of train_labels is 1, and classes count from 0: subtract 1")
            texts = self.arrays.get("text_features_raw", np.empty((0, 0)))
            count = texts.shape[-2] if texts.ndim > 1 and texts.size else int(labels.max(initial=-1)) + 1
            names = np.array([str(label) for label in range(min(count, len(labels)))])
        if names.dtype.kind != "U" or names.ndim != 1:
            raise self._error(f"class_names should be a list of strings, got {names.dtype} of shape {names.shape}")
        found = tuple(readable(name) for name in names.tolist())
        if "" in found:
            raise self._error(f"class {found.index('')} has an empty name")
        if twice := [name for name, count in Counter(map(str.casefold, found)).items() if count > 1]:
            raise self._error(f"class_names has {twice[0]!r} more than once")
        return found

    def _labels(self, name: str, count: int) -> Labels:
        labels = self.arrays[name]
        if labels.ndim != 1 or len(labels) != count:
            raise self._error(f"{name} should have one label for each of {count} rows, got shape {labels.shape}")
        if labels.dtype.kind == "U":
            numbers = {value: number for number, value in enumerate(self.classes)}
            found = [numbers.get(readable(value), -1) for value in labels.tolist()]
            if -1 in found:
                raise self._error(f"{name} has {str(labels[found.index(-1)])!r}, which is no class")
            return np.array(found, np.int64)
        wrong = np.flatnonzero((labels < 0) | (labels >= len(self.classes)))
        if len(wrong):
            least = f"{name}[{wrong[0]}] is {labels[wrong[0]]}"
            how = "; they count from 1: subtract 1" if (labels.min(), labels.max()) == (1, len(self.classes)) else ""
            raise self._error(f"{least}, out of range 0 ... {len(self.classes) - 1}{how}")
        return np.array(labels, np.int64)

    def _check_features(self) -> int:
        """The width E of all features; every number is looked at."""
        width = self.arrays["train_features"].shape[-1:]
        for name in [*(f"{part}_features" for part in self.parts), *(["views"] if "views" in self.arrays else [])]:
            table = self.arrays[name]
            count = self.labels[name.removesuffix("_features") if name != "views" else "train"].shape
            shape = ("V", *count, *width) if name == "views" else (*count, *width)
            fits = table.ndim == len(shape) and table.shape[-2:] == shape[-2:] and table.size
            if not fits or table.dtype not in (np.float16, np.float32, np.float64):
                expected = f"[{', '.join(map(str, shape))}]"
                raise self._error(f"{name} should be floats {expected}, got {table.dtype} of shape {table.shape}")
        return int(width[0])

    @cached_property
    def unit(self) -> bool:
        """Whether all features are of unit length, after a look at every number."""
        names = [name for name in self.arrays if name.endswith("_features") or name == "views"]
        return min(self._is_unit(name) for name in names)

    def _is_unit(self, name: str) -> bool:
        """Whether the rows are of unit length, of a huge table those of every 64th block; every number is looked at."""
        unit, table = True, self.arrays[name]
        every = 1 if table.nbytes <= WHOLE else 64
        for number, (first, part) in enumerate(_blocks(table)):
            ends = _not_finite(part) | ~part.any(axis=1)
            if ends.any():
                row = int(ends.argmax())
                what = "not finite" if part[row].any() else "all zero"
                raise self._error(f"row {first + row} of {name} is {what}")
            if number % every == 0:
                unit &= bool((np.abs(np.linalg.norm(part.astype(np.float32), axis=1) - 1) <= TOLERANCE).all())
        return unit

    def _texts(self, width: int) -> Floats | None:
        """Text features [T, C, E]."""
        texts = self.arrays.get("text_features_raw")
        if texts is None:
            return None
        whole = texts[None] if texts.ndim == 2 else texts
        fits = whole.ndim == 3 and whole.shape[1:] == (len(self.classes), width) and whole.dtype.kind == "f"
        if not fits or not whole.size:
            expected = f"floats [{len(self.classes)}, {width}], or [T, {len(self.classes)}, {width}] of T templates"
            raise self._error(f"text_features_raw should be {expected}, got {texts.dtype} of shape {texts.shape}")
        found = np.array(whole, np.float32)
        lengths = np.linalg.norm(found, axis=-1)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise self._error("text_features_raw has a row that is all zero or not finite")
        return found

    def _scale(self) -> float:
        scale = self.arrays.get("logit_scale", np.array(100.0))
        if scale.size != 1 or scale.dtype.kind not in "fiu" or not 0 < float(scale.item()) < 1e4:
            raise self._error("logit_scale should be one number above 0, as 100 for OpenAI's models")
        return float(scale.item())

    def _made_by(self) -> str:
        """The name of the backbone, where the file tells: it decides about the recipe."""
        name = self.arrays.get("backbone", np.array("features"))
        if name.size != 1 or name.dtype.kind != "U" or not re.fullmatch(r"[\w./:+-]{1,100}", name.item()):
            raise self._error("backbone should be one name such as ViT-B-32/openai")
        return str(name.item())

    def _digest(self) -> str:
        """A hex digest of all arrays, the same for every copy and kind of file; of huge ones it sees a sample."""
        digest = hashlib.sha256()
        for name in sorted(name for name in self.arrays if name in KNOWN[1:] or name.startswith(MORE_LABELS)):
            array = self.arrays[name]
            if array.dtype.kind == "U":
                digest.update(f"{name}{json.dumps(array.tolist())}".encode())
                continue
            digest.update(f"{name}{array.dtype.str}{array.shape}".encode())
            for part in _sampled(array):
                digest.update(part)
        return digest.hexdigest()

    def _error(self, text: str) -> DataError:
        return DataError(f"{self.where}: {text}")


def _plain(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """Words for bytes, and class numbers for labels [n] of whole floats, in a column [n, 1], or one-hot [n, C]."""
    labels = np.char.decode(array, "utf-8", "replace") if array.dtype.kind == "S" else array
    if "_labels" not in name:
        return labels
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    hot = labels.ndim == 2 and labels.shape[1] > 1 and np.isin(labels, (0, 1)).all() and (labels.sum(1) == 1).all()
    whole = labels.dtype.kind == "f" and (labels == np.floor(labels)).all()
    return (labels.argmax(1) if hot else labels).astype(np.int64 if hot or whole else labels.dtype)


def _sampled(array: NDArray[Any]) -> Iterator[bytes]:
    flat = array.reshape(-1)
    if array.nbytes <= WHOLE:
        yield flat.tobytes()
        return
    size = 2**20 // array.itemsize
    for first in np.linspace(0, len(flat) - size, BLOCKS).astype(np.int64).tolist():
        yield flat[first : first + size].tobytes()


def _blocks(table: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """A table [..., n, E] of rows in parts, with the number of each part's first row."""
    for flat in [table] if table.ndim == 2 else table:
        for first in range(0, len(flat), BLOCK):
            yield first, np.asarray(flat[first : first + BLOCK])
            let_go(table)


def _not_finite(rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Which rows [n] of floats hold a number that is not finite, or that float32 cannot hold."""
    if rows.dtype == np.float16:  # by its bits, in a tenth of the time
        return np.asarray(((rows.view(np.uint16) & 0x7C00) == 0x7C00).any(axis=1))
    with np.errstate(over="ignore"):
        return np.asarray(~np.isfinite(rows.astype(np.float32)).all(axis=1))
