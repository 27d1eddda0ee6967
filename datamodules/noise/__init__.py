"""Kinds of label noise: each file of this folder is one kind, a pure function of what was drawn, a rate and a seed.

A kind's file defines `corrupt(context, rate, seed, **options) -> Noisy` and `NEEDS`, the fields of `Context` that it
reads beyond the draw itself. A new file is a new kind; nothing else has to know it.
"""

from __future__ import annotations

import hashlib
import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Labels
from datamodules.errors import DataError, unknown
from datamodules.names import parse_spec

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Context:
    """All that a kind of noise may look at.

    `indices` [N] are the drawn training images, `pool` [P] the true labels of all training images, `classes` the
    number C. `logits` [N, C] (zero-shot) and `features` [N, E] belong to the drawn images; `given` holds other
    labellings [P] of the training images, by name.
    """

    indices: Labels
    pool: Labels
    classes: int
    logits: Floats | None = None
    features: Floats | None = None
    given: Mapping[str, Labels] = field(default_factory=dict)

    @property
    def labels(self) -> Labels:
        """True labels [N] of the drawn images."""
        return self.pool[self.indices]


@dataclass(frozen=True)
class Noisy:
    """Training images [N], as indices into the training list, and the labels [N] that the methods are told."""

    indices: Labels
    labels: Labels


def known() -> list[str]:
    """The names of all kinds, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if not module.name.startswith("_"))


def parse(kind: str) -> tuple[str, dict[str, str]]:
    """Name and options of a kind as the user writes it: `symmetric`, `human[labels=worse]`.

    Raises:
        DataError: an unknown kind (with the nearest match and the list), or an option that the kind does not have.
    """
    name, options = parse_spec(kind)
    if name not in known():
        raise unknown("noise kind", name, known())
    allowed = list(inspect.signature(_module(name).corrupt).parameters)[3:]
    for option in options:
        if option not in allowed:
            raise DataError(f"noise kind {name!r} has no option {option!r}; it has: {', '.join(allowed) or 'none'}")
    return name, options


def needs(kind: str) -> frozenset[str]:
    """Which fields of `Context` this kind reads beyond the draw: "logits", "features", "given"."""
    return frozenset(_module(parse(kind)[0]).NEEDS)


def measured(kind: str) -> bool:
    """Whether the rate of this kind is measured (`human`), so that none can be asked for."""
    return "given" in needs(kind)


def corrupt(kind: str, context: Context, rate: float | None, seed: int) -> Noisy:
    """The noisy training set of `kind` at `rate` (0 to 1; None for a kind whose rate is measured).

    The set of wrong images at a smaller rate is part of that at a larger one, and an image's wrong label does not
    depend on the rate.

    Raises:
        DataError: unknown kind or option, a rate outside [0, 1] or missing, fewer than two classes, or a field of
            the context that the kind needs and that is not there.
    """
    name, options = parse(kind)
    if context.classes < 2:
        raise DataError("label noise needs at least two classes; the data set has one")
    if measured(kind):
        if rate is not None:
            raise DataError(f"the rate of {name!r} noise is measured, not asked for; got {rate:g}")
    elif rate is None or not 0 <= rate <= 1:
        raise DataError(f"the rate of {name!r} noise must lie in [0, 1]; got {rate}")
    for need in sorted(needs(kind)):
        if getattr(context, need) is None or len(getattr(context, need)) == 0:
            raise DataError(f"{name!r} noise needs {_WHAT[need]}, which this data set or backbone does not give")
    noisy: Noisy = _module(name).corrupt(context, rate, seed, **options)
    return noisy


def count(rate: float, n: int) -> int:
    """The exact number int(rate x n) of wrong labels, safe from binary fractions (0.29 x 100 is 29)."""
    return int(np.floor(rate * n + 1e-9))


def realised_rate(labels: Labels, true: Labels) -> float:
    """Share of the labels [N] that differ from the true ones [N], 0 to 1."""
    return float(np.mean(labels != true)) if len(labels) else 0.0


def fingerprint(*arrays: Labels) -> str:
    """SHA-256 hex digest of integer arrays, the same on every platform."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}".encode())
        digest.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return digest.hexdigest()


_WHAT = {"logits": "zero-shot logits", "features": "image features", "given": "given labels"}


def _module(name: str) -> ModuleType:
    return import_module(f"{__name__}.{name}")
