"""Which methods there are and what their options are.

The folder `methods/` is the registry: every file that defines a class `Method` is a method. Other packages add theirs
through the entry point group `promptnoise.methods`, whose entries name a module.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from benchmark.errors import BadInput
from benchmark.plan.method_options import Option, as_text
from benchmark.plan.method_source import attributes
from datamodules.errors import nearest


@dataclass(frozen=True)
class MethodInfo:
    """What planning knows of a method."""

    name: str
    module: str
    summary: str
    labels: str
    inputs: str
    paradigms: tuple[str, ...]
    options: dict[str, Option]

    def values(self, given: dict[str, str]) -> dict[str, Any]:
        """Attributes of the class `Method` that these options set away from their defaults.

        Raises:
            BadInput: an unknown option, or a value that it does not take.
        """
        values = {}
        for name, text in given.items():
            if name not in self.options:
                what = nearest(name, self.options) if self.options else "it has no options"
                raise BadInput(f"method {self.name!r} has no option {name!r}; {what}")
            option = self.options[name]
            try:
                value = option.parse(text)
            except ValueError as error:
                raise BadInput(f"method {self.name!r}: {name}={text} should be {error}") from None
            if value != option.default:
                values[option.attribute] = value
        return values

    def rounds(self, values: dict[str, Any]) -> int:
        """How often a run goes through its epochs."""
        return int(self._value("rounds", values, 1))

    def teachers(self, values: dict[str, Any]) -> tuple[str, ...]:
        """The further backbones that a run asks."""
        return tuple(self._value("teachers", values, ()))

    def _value(self, name: str, values: dict[str, Any], otherwise: Any) -> Any:
        return values.get(name, self.options[name].default if name in self.options else otherwise)

    def canonical(self, values: dict[str, Any]) -> str:
        """The method's one name with attributes from `values`: sorted, so that equal work has equal names."""
        named = {attribute.rstrip("_"): value for attribute, value in values.items()}
        inside = ",".join(f"{name}={as_text(named[name])}" for name in sorted(named))
        return f"{self.name}[{inside}]" if inside else self.name


@cache
def methods() -> dict[str, MethodInfo]:
    """All methods found, by name."""
    sources = {path.stem: f"methods.{path.stem}" for path in (Path(__file__).parents[2] / "methods").glob("*.py")}
    sources |= {entry.name: entry.value.split(":")[0] for entry in entry_points(group="promptnoise.methods")}
    found = {name: _read(name, module) for name, module in sorted(sources.items())}
    return {name: info for name, info in found.items() if info is not None}


def method(name: str) -> MethodInfo:
    """The method of this name.

    Raises:
        BadInput: there is none; the message has the nearest match and the list.
    """
    if name not in methods():
        raise BadInput(f"unknown method {name!r}: {nearest(name, methods())}")
    return methods()[name]


def _read(name: str, module: str) -> MethodInfo | None:
    found = attributes(module, "Method")
    if found is None:
        return None
    documentation, values = found
    constants = {key: value for key, (kind, value) in values.items() if kind is None}
    options = {key.rstrip("_"): Option(key, kind, value) for key, (kind, value) in values.items() if kind is not None}
    return MethodInfo(
        name,
        module,
        documentation.split("\n")[0],
        constants.get("labels", "given"),
        constants.get("inputs", "features"),
        tuple(constants.get("paradigms", ())),
        options,
    )
