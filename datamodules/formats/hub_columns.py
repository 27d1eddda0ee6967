"""Detection of the splits, the image column and the label column of a hub data set."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from datamodules.dataset import Labels
from datamodules.errors import DataError
from datamodules.foreign import LONGEST_NAME, one_line
from datamodules.formats.picture_files import KNOWN
from datamodules.notices import say_once

logger = logging.getLogger(__name__)

LABELS, PICTURES, HELD_OUT = (KNOWN["hub"][what] for what in ("labels", "pictures", "held_out"))


def split_names(
    name: str, there: Sequence[str], train: str, test: str | None, val: str | None
) -> tuple[str, str | None, str | None]:
    """Names of the training, test and validation splits; without a test split, the validation split is it, if any.

    Raises DataError: a split that does not exist.
    """
    held_out = [part for part in HELD_OUT if part in there and part != train]
    if test is None and "test" not in there and held_out:
        say_once(logger, f"{name}: there is no split 'test'; {held_out[0]!r} is the test split")
    test = test or ("test" if "test" in there else held_out[0] if held_out else None)
    val = val or next((part for part in held_out if part != test), None)
    for part, option in [(train, "train"), (test, "test"), (val, "val")]:
        if part is not None and part not in there:
            raise DataError(f"{name} has no split {part!r}; splits are {', '.join(there)}; name one: [{option}=SPLIT]")
    return train, test, val


def image_column(name: str, features: Mapping[str, Any], asked: str | None) -> str:
    """Name of the image column: `asked` if given, else the only column of images, else one named in PICTURES.

    Raises DataError: no such column, or several to choose from.
    """
    pictures = [column for column, kind in features.items() if type(kind).__name__ == "Image"]
    called = [column for column in features if column.casefold() in PICTURES]
    return _choose(name, "image", features, asked, pictures or called[:1])


def label_column(name: str, features: Mapping[str, Any], asked: str | None) -> str:
    """Name of the label column: `asked` if given, else the only column with class names, else one named in LABELS.

    Raises DataError: no such column.
    """
    named = [column for column, kind in features.items() if type(kind).__name__ == "ClassLabel"]
    called = [column for column in LABELS if column in (named or features)]
    return _choose(name, "label", features, asked, named if len(named) == 1 else called[:1])


def values_as_labels(
    name: str, column: str, values: Mapping[str, Sequence[Any]], kind: Any, names: Sequence[str] = ()
) -> tuple[dict[str, Labels], tuple[str, ...]]:
    """Labels [n] by split, and class names: those of the column's type, or its distinct texts in sorted order.

    `names` are those of numbers, or of no and yes, where the type has none. Raises DataError: numbers without class
    names, or a row without a label, or with several.
    """
    if type(kind).__name__ == "ClassLabel":
        return {part: numbers_of(name, column, part, own) for part, own in values.items()}, tuple(kind.names)
    numbered = all(value.isdigit() for own in values.values() for value in own if isinstance(value, str))
    if names and numbered:
        whole = {part: [_whole(value) for value in own] for part, own in values.items()}
        return {part: numbers_of(name, column, part, own) for part, own in whole.items()}, tuple(names)
    for part, own in values.items():
        texts = (isinstance(value, str) and bool(value.strip()) for value in own)
        if (row := next((row for row, there in enumerate(texts) if not there), None)) is not None:
            if own[row] is None or isinstance(own[row], str):
                raise _unlabelled(name, column, part, own, row)
            if isinstance(own[row], list):
                several = f"a list in {part} row {row}, and a picture takes one class; name another: [label=COLUMN]"
                raise DataError(f"{name}: column {column!r} has {several}")
            raise DataError(
                f"{name}: the label column holds {kind}, not class names; name another: [label=COLUMN], or give"
                " names of the numbers: [classes=cat+dog], or [classes=FILE] with one per line"
            )
    classes = sorted({value for own in values.values() for value in own})
    numbers = {text: number for number, text in enumerate(classes)}
    if numbered:
        how = "name them, [classes=cat+dog] or [classes=FILE]"
        say_once(logger, f"{name}: classes are called by numbers, which say nothing to CLIP; {how}")
    return {part: np.asarray([numbers[value] for value in own]) for part, own in values.items()}, tuple(classes)


def labelled_split(name: str, values: Mapping[str, Sequence[Any]]) -> tuple[str, str | None]:
    """Which of the test split and a validation split, by their labels, is to test on, and what is left to validate on.

    The hub's test splits often come without labels, -1 or none throughout; then the validation split is the test split.
    Raises DataError: neither has labels.
    """
    without = [part for part, own in values.items() if all(value is None or value == -1 for value in own)]
    test, *rest = [part for part in values if part not in without] or [""]
    if not test:
        raise DataError(f"{name}: {' and '.join(without)} have no labels; test on 20 % of each class: [split=0.2]")
    if next(iter(values)) in without:
        say_once(logger, f"{name}: the split {without[0]!r} has no labels; {test!r} is the test split instead")
    return test, rest[0] if rest else None


def without_unused(
    name: str, classes: tuple[str, ...], labels: Mapping[str, Labels], given: Mapping[str, Labels]
) -> tuple[tuple[str, ...], dict[str, Labels], dict[str, Labels]]:
    """Class names, labels [n] by split and further labellings [n], without classes that no image has."""
    every = np.concatenate([*labels.values(), *given.values()])
    used = np.isin(np.arange(len(classes)), every)
    if used.all() or every.min() < 0 or every.max() >= len(classes):  # a label out of range is an error of its own
        return classes, dict(labels), dict(given)
    unused = [own for own, is_used in zip(classes, used, strict=True) if not is_used]
    say_once(logger, f"{name}: {len(unused)} classes without any image are left out: {', '.join(unused[:5])}")
    new = np.cumsum(used) - 1
    kept = tuple(own for own, is_used in zip(classes, used, strict=True) if is_used)
    return kept, {part: new[own] for part, own in labels.items()}, {part: new[own] for part, own in given.items()}


def _whole(value: Any) -> Any:
    """A class number that is written as a truth value, as a number with a fraction of 0, or in digits."""
    whole = value.isdigit() if isinstance(value, str) else isinstance(value, float) and value.is_integer()
    return int(value) if whole or isinstance(value, bool) else value


def numbers_of(name: str, column: str, part: str, values: Sequence[Any], classes: Sequence[str] = ()) -> Labels:
    """Class numbers [n] of a split, from numbers or from names of `classes` [C].

    Raises DataError: a row without a label, or with something else than one whole number; the message names it.
    """
    named = {own: number for number, own in enumerate(classes)}
    values = [named.get(value, value) if isinstance(value, str) else value for value in values]
    for row, value in enumerate(values):
        if value is None or value == -1:
            raise _unlabelled(name, column, part, values, row)
        if not isinstance(value, int | np.integer) or isinstance(value, bool):
            what = f"{one_line(str(value), LONGEST_NAME)!r}, no class number,"
            raise DataError(f"{name}: column {column!r} has {what} in {part} row {row}")
    return np.asarray(values, dtype=np.int64)


def _unlabelled(name: str, column: str, part: str, values: Sequence[Any], row: int) -> DataError:
    """The error for a row without a label; many of them are none by mistake."""
    many = sum(value in (None, "", -1) for value in values)
    more = f" ({many} of {len(values)} rows have none; name another column, [label=COLUMN])" if many > 1 else ""
    return DataError(f"{name}: column {column!r} has no label in {part} row {row}{more}")


def _choose(name: str, what: str, features: Mapping[str, Any], asked: str | None, found: Sequence[str]) -> str:
    listed = ", ".join(features)
    if asked is not None and asked not in features:
        raise DataError(f"{name} has no {what} column {asked!r}; columns are {listed}")
    if asked is None and not found:
        raise DataError(f"{name} has no {what} column; columns are {listed}; name one: [{what}=COLUMN]")
    if asked is None and len(found) > 1:
        raise DataError(f"{name} has several {what} columns: {', '.join(found)}; name one: [{what}=COLUMN]")
    return asked or found[0]
