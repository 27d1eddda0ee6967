"""Detectors of wrong labels: each file is one, a function `suspicion(sample) -> [P]`, larger where a label is doubtful.

A new file is a new detector; it needs no registration.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

from torch import Tensor

from benchmark.audit.sample import Sample
from datamodules.errors import unknown


def known() -> list[str]:
    """Sorted names of all detectors."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


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
    found: Tensor = import_module(f"{__name__}.{name}").suspicion(sample)
    return found
