"""Detectors of wrong labels: each file is one, a function `label_quality(sample) -> [P]`, smaller for doubtful labels.

`probabilities(sample) -> [P, C]` of the true class by the image alone can stand beside it, or in its place: suggestions
and the fraction of wrong labels are read from it. `estimated(sample)` gives all of it at once. One
with `NEEDS_TEXTS = True` cannot do without text features of the class names.

A new file is a new detector; it needs no registration. Other packages add theirs through the entry point group
`promptnoise.detectors`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType

from torch import Tensor

from benchmark.audit.sample import Sample
from datamodules.errors import unknown
from datamodules.plugins import modules


def known() -> list[str]:
    """Sorted names of all detectors."""
    return list(modules(sys.modules[__name__]))


def check(name: str) -> None:
    """Checks the name of a detector.

    Raises DataError: an unknown name, with the nearest match and the list.
    """
    if name not in known():
        raise unknown("detector", name, known())


def without_texts(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Those of some detectors that work on features of images alone, and those that do not."""
    lacking = [name for name in names if getattr(load(name), "NEEDS_TEXTS", False)]
    return [name for name in names if name not in lacking], lacking


def label_quality(name: str, sample: Sample) -> Tensor:
    """Quality [P] of every label by a detector, smaller where it is doubtful: only the order counts.

    Raises DataError: an unknown name.
    """
    module = load(name)
    if not hasattr(module, "label_quality"):
        return sample.of_given(module.probabilities(sample))
    found: Tensor = module.label_quality(sample)
    return found


def load(name: str) -> ModuleType:
    """The module of a detector.

    Raises DataError: an unknown name.
    """
    check(name)
    return import_module(modules(sys.modules[__name__])[name])
