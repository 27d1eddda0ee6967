"""Detection of the splits, the image column and the label column of a hub data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from datamodules.dataset import Labels
from datamodules.errors import DataError
from datamodules.foreign import LONGEST_NAME, one_line

LABELS = ("label", "labels", "fine_label", "class", "target", "category", "cls")

HELD_OUT = ("validation", "valid", "val")


def split_names(
    name: str, there: Sequence[str], train: str, test: str | None, val: str | None
) -> tuple[str, str, str | None]:
    """Names of the training, test and validation splits; without a test split, the validation split is the test split.

    Raises:
        DataError: a split that does not exist, or neither a test nor a validation split.
    """
    held_out = [part for part in HELD_OUT if part in there]
    test = test or ("test" if "test" in there else held_out[0] if held_out else None)
    val = val or next((part for part in held_out if part != test), None)
    for part, option in [(train, "train"), (test, "test"), (val, "val")]:
        if part is None and option == "test":
            raise DataError(
                f"{name} has no test split; splits are {', '.join(there)}; name one: [test=SPLIT], or test on 20 % of "
                f"each class: [split=0.2]"
            )
        if part is not None and part not in there:
            raise DataError(f"{name} has no split {part!r}; splits are {', '.join(there)}; name one: [{option}=SPLIT]")
    assert test is not None
    return train, test, val


def training_split(name: str, there: Sequence[str], train: str, test: str | None, val: str | None) -> str:
    """Name of the split of which a share is to be held out, `train`.

    Raises:
        DataError: it does not exist, or there is another split for testing.
    """
    other = test or val or next((part for part in ("test", *HELD_OUT) if part in there), None)
    if other:
        raise DataError(f"{name} has the split {other!r} to test on; leave out the option split")
    return split_names(name, there, train, train, None)[0]


def image_column(name: str, features: Mapping[str, Any], asked: str | None) -> str:
    """Name of the image column: `asked` if given, else the only column of images.

    Raises:
        DataError: no such column, or several to choose from.
    """
    pictures = [column for column, kind in features.items() if type(kind).__name__ == "Image"]
    return _choose(name, "image", features, asked, pictures)


def label_column(name: str, features: Mapping[str, Any], asked: str | None) -> str:
    """Name of the label column: `asked` if given, else the only column with class names, else one named in LABELS.

    Raises:
        DataError: no such column.
    """
    named = [column for column, kind in features.items() if type(kind).__name__ == "ClassLabel"]
    called = [column for column in LABELS if column in (named or features)]
    return _choose(name, "label", features, asked, named if len(named) == 1 else called[:1])


def values_as_labels(
    name: str, column: str, values: Mapping[str, Sequence[Any]], kind: Any
) -> tuple[dict[str, Labels], tuple[str, ...]]:
    """Labels [n] by split, and class names: those of the column's type, or its distinct texts in sorted order.

    Raises:
        DataError: numbers without class names, or a row without a label, or with several.
    """
    if type(kind).__name__ == "ClassLabel":
        return {part: numbers_of(name, column, part, own) for part, own in values.items()}, tuple(kind.names)
    for part, own in values.items():
        if (row := next((row for row, value in enumerate(own) if not isinstance(value, str)), None)) is not None:
            if own[row] is None:
                raise DataError(f"{name}: column {column!r} has no label in {part} row {row}")
            raise DataError(f"{name}: the label column holds {kind}, not class names; name another: [label=COLUMN]")
    texts = sorted({value for own in values.values() for value in own})
    numbers = {text: number for number, text in enumerate(texts)}
    return {part: np.asarray([numbers[value] for value in own]) for part, own in values.items()}, tuple(texts)


def numbers_of(name: str, column: str, part: str, values: Sequence[Any]) -> Labels:
    """Class numbers [n] of a split.

    Raises:
        DataError: a row without a label, or with something else than one whole number; the message names it.
    """
    for row, value in enumerate(values):
        if not isinstance(value, int | np.integer) or isinstance(value, bool):
            what = "no label" if value is None else f"{one_line(str(value), LONGEST_NAME)!r}, no class number,"
            raise DataError(f"{name}: column {column!r} has {what} in {part} row {row}")
    return np.asarray(values, dtype=np.int64)


def _choose(name: str, what: str, features: Mapping[str, Any], asked: str | None, found: Sequence[str]) -> str:
    listed = ", ".join(features)
    if asked is not None and asked not in features:
        raise DataError(f"{name} has no {what} column {asked!r}; columns are {listed}")
    if asked is None and not found:
        raise DataError(f"{name} has no {what} column; columns are {listed}; name one: [{what}=COLUMN]")
    if asked is None and len(found) > 1:
        raise DataError(f"{name} has several {what} columns: {', '.join(found)}; name one: [{what}=COLUMN]")
    return asked or found[0]
