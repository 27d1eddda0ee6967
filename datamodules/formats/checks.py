"""Validation of data sets."""

from __future__ import annotations

from collections import Counter
from unicodedata import normalize

import numpy as np

from datamodules.dataset import Dataset, Labels
from datamodules.errors import DataError


def readable(name: str) -> str:
    """Class name for prompts, with spaces for underscores, as in CoOp, and accents in their one short form."""
    return " ".join(normalize("NFC", name).replace("_", " ").split())


def checked(dataset: Dataset, same_names: bool = False) -> Dataset:
    """Returns `dataset` after validating it.

    `same_names` allows classes of the same name (CLIP's ImageNet names have two such pairs). Raises DataError: fewer
    than two classes, labels out of range, a class without training or test images, duplicate class names, a template
    without exactly one `{}`, or a labelling of the wrong length.
    """
    name, classes = dataset.name, dataset.classes
    if len(classes) < 2:
        raise DataError(f"{name}: one class only ({', '.join(classes) or 'none'}); there is nothing to tell apart")
    if dataset.template.count("{}") != 1:
        raise DataError(f"{name}: template {dataset.template!r} must hold {{}} once, where the class name goes")
    collisions = [key for key, count in Counter(map(str.casefold, classes)).items() if count > 1]
    if collisions and not same_names:
        raise DataError(f"{name}: {classes_named(classes, collisions[0])} have the same name {collisions[0]!r}")
    for part, split in [("training", dataset.train), ("validation", dataset.val), ("test", dataset.test)]:
        if split is None:
            continue
        _check_range(f"{name}: {part} split", split.labels, classes)
        empty = np.flatnonzero(np.bincount(split.labels, minlength=len(classes)) == 0)
        if len(empty) and part != "validation":
            raise DataError(f"{name}: class {classes[empty[0]]!r} has no {part} images{_more(len(empty))}")
    for labelling, labels in dataset.given.items():
        if len(labels) != len(dataset.train.labels):
            raise DataError(
                f"{name}: labelling {labelling!r} has {len(labels)} labels, but there are "
                f"{len(dataset.train.labels)} training images"
            )
        _check_range(f"{name}: labelling {labelling!r}", labels, classes)
    return dataset


def classes_named(classes: tuple[str, ...], name: str) -> str:
    """Lists the class numbers with a case-folded name, for messages."""
    return "classes " + " and ".join(str(number) for number, own in enumerate(classes) if own.casefold() == name)


def _check_range(where: str, labels: Labels, classes: tuple[str, ...]) -> None:
    wrong = np.flatnonzero((labels < 0) | (labels >= len(classes)))
    if len(wrong):
        raise DataError(f"{where}: label {labels[wrong[0]]} is out of range 0 ... {len(classes) - 1}")


def _more(count: int) -> str:
    return f" (nor have {count - 1} more classes)" if count > 1 else ""
