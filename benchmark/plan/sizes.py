"""Classes and test images of the data sets that have a file, known before one is opened. Imports no torch."""

from __future__ import annotations

from typing import NamedTuple

from datamodules.names import parse_spec


class Size(NamedTuple):
    """Number of classes and of test images."""

    classes: int
    tests: int


#: The size that a data set without an entry is planned with.
UNKNOWN = Size(100, 5000)

SIZES = {
    "caltech101": Size(100, 2465),
    "cifar10": Size(10, 10000),
    "cifar100": Size(100, 10000),
    "cifar100n": Size(100, 10000),
    "cifar10n": Size(10, 10000),
    "combos": Size(36, 1440),
    "digits": Size(10, 857),
    "dtd": Size(47, 1692),
    "eurosat": Size(10, 8100),
    "fgvc_aircraft": Size(100, 3333),
    "flipped": Size(26, 1300),
    "food101": Size(101, 30300),
    "food101n": Size(101, 30300),
    "imagenet": Size(1000, 50000),
    "mnist": Size(10, 10000),
    "oxford_flowers": Size(102, 2463),
    "oxford_pets": Size(37, 3669),
    "resisc45": Size(45, 6300),
    "stanford_cars": Size(196, 8041),
    "sun397": Size(397, 19850),
    "tilted": Size(26, 1300),
    "ucf101": Size(101, 3783),
}


def size_of(dataset: str) -> Size:
    """The size of a data set by its name; `hf:NAME` has that of NAME, and an unknown one `UNKNOWN`."""
    name, _ = parse_spec(dataset)
    return SIZES.get(name.removeprefix("hf:"), UNKNOWN)
