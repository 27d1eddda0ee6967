"""Kinds of label noise: each module here is one kind, a pure function of the few-shot draw, a rate and a seed.

A kind defines `corrupt(context, rate, seed, **options) -> Noisy`. It may define `NEEDS`, the fields of `Context` that
it reads beyond `indices`, `pool`, `classes` and `names`, `check(**options)`, which raises `DataError` for a value that
an option does not take, and `OWN_RATE = True` if its rate is not asked for. A new module is a new kind; it needs no
registration. Other packages add theirs through the entry point group `promptnoise.noise`.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from datamodules.dataset import Labels
from datamodules.errors import DataError, unknown
from datamodules.names import parse_spec
from datamodules.plugins import modules
from datamodules.spellings import meanings, spelled

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Context:
    """Input of a kind of noise.

    `indices` [N] are the drawn training images, `pool` [P] the true labels of all training images, `classes` is C.
    `logits` [N, C] (zero-shot) and `features` [N, E] are those of the drawn images, `texts` [C, E] those of the class
    names, of any length; `given` holds further labellings [P] of the training images, by name; `names` are the
    classes'.
    """

    indices: Labels
    pool: Labels
    classes: int
    logits: Floats | None = None
    features: Floats | None = None
    texts: Floats | None = None
    given: Mapping[str, Labels] = field(default_factory=dict)
    names: Sequence[str] = ()

    @property
    def labels(self) -> Labels:
        """True labels [N] of the drawn images."""
        return self.pool[self.indices]


@dataclass(frozen=True)
class Noisy:
    """Training images [N], as indices into the training split, and their noisy labels [N]."""

    indices: Labels
    labels: Labels


def known() -> list[str]:
    """Sorted names of all kinds."""
    return list(modules(sys.modules[__name__]))


def parse(kind: str) -> tuple[str, dict[str, str]]:
    """Name and options of a kind as written by the user: `symmetric`, `human[labels=worse]`.

    Raises DataError: an unknown kind (with the nearest match and the list), an option that the kind does not have, or a
    value that it does not take.

    >>> parse("human[labels=worse]")
    ('human', {'labels': 'worse'})
    """
    (name, options), module = parse_spec(kind), _module(kind)
    name = spelled(sys.modules[__name__], name)
    allowed = list(inspect.signature(module.corrupt).parameters)[3:]
    for option in options:
        if option not in allowed:
            raise DataError(f"noise kind {name!r} has no option {option!r}; it has: {', '.join(allowed) or 'none'}")
    if hasattr(module, "check"):
        module.check(**options)
    return name, options


def canonical(kind: str) -> str:
    """The one name of a kind that is written in another spelling.

    >>> canonical("sym"), canonical("Human[labels=worse]"), canonical("symmetric_noise")
    ('symmetric', 'human[labels=worse]', 'symmetric')
    """
    name = parse_spec(kind)[0]
    return spelled(sys.modules[__name__], name) + kind.strip().removeprefix(name)


def needs(kind: str) -> frozenset[str]:
    """The fields of `Context` that a kind reads beyond the draw: "logits", "features", "texts" or "given".

    >>> sorted(needs("confusion"))
    ['logits']
    """
    return frozenset(getattr(_module(kind), "NEEDS", ()))


def needs_model(kind: str) -> bool:
    """Whether a kind reads what a backbone says of images or class names.

    >>> needs_model("semantic"), needs_model("human"), needs_model("symmetric")
    (True, False, False)
    """
    return not needs(kind).isdisjoint(("logits", "features", "texts"))


def measured(kind: str) -> bool:
    """Whether a kind has a rate of its own, which is measured (`human`, `matrix`) instead of set.

    >>> measured("human"), measured("symmetric")
    (True, False)
    """
    return getattr(_module(kind), "OWN_RATE", False)


def summary(kind: str) -> str:
    """What a kind is, by the first line of its documentation.

    >>> summary("half")
    'labels of every second class flip to the next class, and those of the others stay.'
    """
    line = (_module(kind).__doc__ or " ").splitlines()[0]
    return line.removeprefix(f"`{parse_spec(kind)[0]}`: ")


def corrupt(kind: str, context: Context, rate: float | None, seed: int) -> Noisy:
    """Noisy training set of `kind` at `rate`, in [0, 1], or None for a kind whose rate is measured.

    Rates are nested: the images that are wrong at a rate are so, with the same wrong label, at every larger rate.

    Raises DataError: an unknown kind or option, a rate outside [0, 1] or missing, fewer than two classes, or a missing
    field of the context that the kind needs.

    >>> context = Context(indices=np.arange(6), pool=np.array([0, 0, 1, 1, 2, 2]), classes=3)
    >>> corrupt("symmetric", context, rate=0.5, seed=1).labels.tolist()
    [2, 0, 2, 1, 0, 2]
    """
    name, options = parse(kind)
    if context.classes < 2:
        raise DataError("label noise needs at least two classes; the data set has one")
    if measured(kind):
        if rate is not None:
            raise DataError(f"the rate of {name!r} noise is its own and measured, not asked for; got {rate:g}")
    elif rate is None or not 0 <= rate <= 1:
        raise DataError(f"the rate of {name!r} noise must lie in [0, 1]; got {rate}")
    for need in sorted(needs(kind)):
        if getattr(context, need) is None or len(getattr(context, need)) == 0:
            raise DataError(f"{name!r} noise needs {_WHAT[need]}, which this data set or backbone does not give")
    noisy: Noisy = _module(kind).corrupt(context, rate, seed, **options)
    return noisy


def count(rate: float, n: int) -> int:
    """Number int(rate n) of wrong labels among n, exact in spite of binary rounding.

    >>> count(0.29, 100), int(0.29 * 100)
    (29, 28)
    """
    return int(np.floor(rate * n + 1e-9))


def realised_rate(labels: Labels, true: Labels) -> float:
    """Fraction of the labels [N] that differ from the true ones [N], in [0, 1]; 0 for none.

    >>> realised_rate(np.array([0, 2, 1, 1]), np.array([0, 1, 1, 1]))
    0.25
    """
    return float(np.mean(labels != true)) if len(labels) else 0.0


def fingerprint(*arrays: Labels) -> str:
    """SHA-256 hex digest of integer arrays and their shapes, the same on every platform.

    >>> fingerprint(np.array([1, 2, 3]))[:12]
    '6992517b5759'
    """
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape}".encode())
        digest.update(np.ascontiguousarray(array, dtype="<i8").tobytes())
    return digest.hexdigest()


_WHAT = {"logits": "zero-shot logits", "features": "image features", "texts": "class texts", "given": "given labels"}


def _module(kind: str) -> ModuleType:
    package = sys.modules[__name__]
    name = spelled(package, parse_spec(kind)[0])
    if name not in known():
        raise unknown("noise kind", name, known(), meanings(package, name))
    return import_module(modules(package)[name])
