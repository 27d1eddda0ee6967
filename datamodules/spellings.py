"""Names as people write them: `OxfordPets`, `Tip-Adapter` and `sym` for `oxford_pets`, `tip_adapter` and `symmetric`.

A module may list further names that others use in `ALSO_CALLED`; its printed `NAME` and those of `FORMERLY` count, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from types import ModuleType

from datamodules.foreign import folded
from datamodules.plugins import literals, modules


def spelled(package: ModuleType, name: str) -> str:
    """The module that a name stands for in whatever case and with whatever signs; the name itself for none, or several.

    >>> from datamodules import datasets, noise
    >>> [spelled(datasets, name) for name in ("Caltech-101", "oxford_iiit_pet")], spelled(noise, "symmetric noise")
    (['caltech101', 'oxford_pets'], 'symmetric')
    """
    known = modules(package)
    meant = [] if name in known else meanings(package, name)
    return meant[0] if len(meant) == 1 else name


def meanings(package: ModuleType, name: str) -> list[str]:
    """The modules of which a name is a spelling."""
    keys = {folded(name), folded(name).removesuffix("noise")} - {""}
    return [own for own, module in modules(package).items() if not keys.isdisjoint(_names(own, module))]


@cache
def _names(name: str, module: str) -> frozenset[str]:
    try:
        told = literals(module)
    except Exception:  # somebody's file, whose readers name the cause
        told = {}
    others: Iterable[str] = (told.get("NAME", name), *told.get("FORMERLY", ()), *told.get("ALSO_CALLED", ()))
    return frozenset(map(folded, (name, *others)))
