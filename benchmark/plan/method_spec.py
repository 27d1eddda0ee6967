"""A method as it is written, `gce[q=0.5]`, parsed once for all rooms. Imports no torch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple

from benchmark.plan import method_catalog
from datamodules.names import parse_spec


class MethodSpec(NamedTuple):
    """A method, and the attributes of its class that its options set away from their defaults."""

    info: method_catalog.MethodInfo
    values: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The method's one name with these options."""
        return self.info.canonical(self.values)

    @property
    def rounds(self) -> int:
        """How often a run goes through its epochs."""
        return self.info.rounds(self.values)


@cache
def parse_method(text: str) -> MethodSpec:
    """The method that `name` or `name[option=value,...]` asks for, and the attributes that its options set.

    Raises BadInput: an unknown method or option, or a value that the option does not take. Raises DataError: brackets
    or equals signs are missing.
    """
    name, options = parse_spec(text)
    info = method_catalog.method(name)
    return MethodSpec(info, MappingProxyType(info.values(options)))
