"""Names that methods had: a file says `FORMERLY = ("ce",)`, and the old name is understood wherever a name is read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import methods
from datamodules.plugins import literals, modules


def renamed(method: str) -> str:
    """Today's name of a method, which may carry options.

    >>> renamed("ce[loss=gce]"), renamed("coop")
    ('linear_probe[loss=gce]', 'coop')
    """
    name, bracket, options = method.partition("[")
    return (former_names().get(name.strip()) or name) + bracket + options


def first_name(method: str) -> str:
    """The name that a method had first: records are keyed by it, so that a run counts as done under any name.

    >>> first_name("linear_probe[loss=gce]"), first_name("coop")
    ('ce[loss=gce]', 'coop')
    """
    name, bracket, options = method.partition("[")
    return next((old for old, new in former_names().items() if new == name), name) + bracket + options


@cache
def former_names() -> Mapping[str, str]:
    """Today's name by each former one, a method's oldest first; files that cannot be read have none."""
    found: dict[str, str] = {}
    for name, module in modules(methods).items():
        try:
            found |= dict.fromkeys(literals(module).get("FORMERLY", ()), name)
        except Exception:  # somebody's file, which the catalogue of methods names with the cause
            continue
    return found
