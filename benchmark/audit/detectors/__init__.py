"""Detectors of wrong labels: each file is one, a function `suspicion(sample) -> [P]`, larger where a label is doubtful.

A new file is a new detector; it needs no registration. Other packages add theirs through the entry point group
`promptnoise.detectors`.
"""

from __future__ import annotations

import sys
from importlib import import_module

from torch import Tensor

from benchmark.audit.sample import Sample
from datamodules.errors import unknown
from datamodules.plugins import modules


def known() -> list[str]:
    """Sorted names of all detectors."""
    return list(modules(sys.modules[__name__]))


def check(name: str) -> None:
    """Checks the name of a detector.

    Raises:
        DataError: an unknown name, with the nearest match and the list.
    """
    if name not in known():
        raise unknown("detector", name, known())


def suspicion(name: str, sample: Sample) -> Tensor:
    """Suspicion [P] of every label by a detector, in units of its own: only the order counts.

    Raises:
        DataError: an unknown name.
    """
    check(name)
    found: Tensor = import_module(modules(sys.modules[__name__])[name]).suspicion(sample)
    return found
