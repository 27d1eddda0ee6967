"""Validation of data sets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
    if not same_names:
        no_twins(name, classes, classes)
    for part, split in [("training", dataset.train), ("validation", dataset.val), ("test", dataset.test)]:
        if split is None:
            continue
        _check_range(f"{name}: {part} split", split.labels, classes)
        empty = np.flatnonzero(np.bincount(split.labels, minlength=len(classes)) == 0)
        if len(empty) and part != "validation":
            more = f" (nor have {len(empty) - 1} more classes)" if len(empty) > 1 else ""
            raise DataError(f"{name}: class {classes[empty[0]]!r} has no {part} images{more}")
    for labelling, labels in dataset.given.items():
        if len(labels) != len(dataset.train.labels):
            raise DataError(
                f"{name}: labelling {labelling!r} has {len(labels)} labels, but there are "
                f"{len(dataset.train.labels)} training images"
            )
        _check_range(f"{name}: labelling {labelling!r}", labels, classes)
    return dataset


def no_twins(where: str, classes: Sequence[str], values: Sequence[str]) -> None:
    """Accepts classes [C] that CLIP can tell apart; `values` [C] are what folders or tables call them.

    Raises DataError: two of them differ in upper and lower case at most.
    """
    folded = [name.casefold() for name in classes]
    twice = next((name for name, count in Counter(folded).items() if count > 1), None)
    if twice is not None:
        which = " and ".join(f"{number} ({values[number]})" for number, own in enumerate(folded) if own == twice)
        how = "put their images into one, or call one otherwise, in classnames.txt, say"
        raise DataError(f"{where}: classes {which} have the same name {twice!r} for CLIP; {how}")


def _check_range(where: str, labels: Labels, classes: tuple[str, ...]) -> None:
    wrong = np.flatnonzero((labels < 0) | (labels >= len(classes)))
    if len(wrong):
        raise DataError(f"{where}: label {labels[wrong[0]]} is out of range 0 ... {len(classes) - 1}")
