"""Which methods there are and what their options are.

The folder `methods/` is the registry: every file that defines a class `Method` is a method. Other packages add theirs
through the entry point group `promptnoise.methods`, whose entries name a module. A file that cannot be read is
left out; `unreadable` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

import methods as package
from benchmark.errors import BadInput
from benchmark.plan import method_source
from benchmark.plan.method_source import Source
from datamodules.errors import UserError, nearest
from datamodules.plugins import literals, modules
from datamodules.spellings import meanings, spelled
from methods.options.check import check_values, options_of
from methods.options.former_names import former_names, renamed
from methods.options.option import COMPUTED, Option, as_text


@dataclass(frozen=True)
class MethodInfo:
    """What planning knows of a method, from its source.

    What the source does not spell out, such as a default that is computed, is looked up in the imported module when it
    is asked for; everything else is known without importing torch. `file` holds the constants above the class: `NAME`,
    `FAMILY`, `FORMERLY`, `MADE_FOR_WRONG_LABELS`, `COST`, and `LOSS_OF`, the method that it is but for its loss.
    """

    name: str
    module: str
    source: Source
    file: Mapping[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The name that people read: `CoOp` for `coop`, else the name on the command line."""
        return str(self.file.get("NAME", self.name))

    @property
    def family(self) -> str:
        """What kind of method it is; empty where its file does not say."""
        return str(self.file.get("FAMILY", ""))

    @property
    def cost(self) -> int:
        """How many times as long as a prompt's or a head's a step of it takes, roughly; 1 where its file is silent."""
        return int(self.file.get("COST", 1))

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.source.documentation.split("\n")[0]

    @property
    def options(self) -> dict[str, Option]:
        """The options by name; types and defaults that the source does not spell out are `COMPUTED`."""
        return {attribute.rstrip("_"): option for attribute, option in self.source.options.items()}

    @property
    def labels(self) -> str:
        """ "given" or "none": which labels it trains on."""
        return str(self._constant("labels", "given"))

    @property
    def inputs(self) -> str:
        """ "features" or "images": what it trains on."""
        return str(self._constant("inputs", "features"))

    def needs(self, values: Mapping[str, Any]) -> str:
        """What of the backbone it needs with attributes from `values`: one of `feature_files.NEEDS`."""
        if self.inputs == "images":
            return "image tower"
        changes: dict[str, dict[str, str]] = self._constant("needs_with", {})
        for option, by_value in changes.items():
            if (value := as_text(self._value(option, values, ""))) in by_value:
                return by_value[value]
        return str(self._constant("needs", "texts"))

    def spares(self, values: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Values of options that change what it needs and are not given."""
        changes: dict[str, dict[str, str]] = self._constant("needs_with", {})
        return [(option, value) for option in changes.keys() - values.keys() for value in changes[option]]

    @property
    def paradigms(self) -> tuple[str, ...]:
        """The learning paradigms that it can run under."""
        return tuple(self._constant("paradigms", ()))

    def values(self, given: dict[str, str]) -> dict[str, Any]:
        """Attributes of the class `Method` that these options set away from their defaults.

        Raises MethodError: An unknown option, or a value that it does not take. Raises BadInput: The method has to be
        imported for that, and cannot be.
        """
        known = self.options
        unread = {name for name in given if not (known[name].known if name in known else self.source.complete)}
        if unread:
            known = options_of(_imported(self.name, self.module))
        values = check_values(self.name, known, given)
        defaults = {option.attribute: option.default for option in known.values()}
        return {attribute: value for attribute, value in values.items() if value != defaults[attribute]}

    def rounds(self, values: Mapping[str, Any]) -> int:
        """How often a run goes through its epochs."""
        return int(self._value("rounds", values, self._constant("rounds", 1)))

    def teachers(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """The further backbones that a run asks."""
        return tuple(self._value("teachers", values, ()))

    def files(self, values: Mapping[str, Any]) -> dict[str, str]:
        """The files that options name, by option."""
        return {name: values[name] for name in self._constant("files", ()) if values.get(name)}

    def canonical(self, values: Mapping[str, Any]) -> str:
        """The method's one name with attributes from `values`: sorted, so that equal work has equal names."""
        named = {attribute.rstrip("_"): value for attribute, value in values.items()}
        inside = ",".join(f"{name}={as_text(named[name])}" for name in sorted(named))
        return f"{self.name}[{inside}]" if inside else self.name

    def _value(self, name: str, values: Mapping[str, Any], otherwise: Any) -> Any:
        if name in values or name not in self.source.options:
            return values.get(name, otherwise)
        return self._read(name, self.source.options[name].default)

    def _constant(self, name: str, otherwise: Any) -> Any:
        return self._read(name, self.source.constants.get(name, otherwise))

    def _read(self, name: str, value: Any) -> Any:
        return getattr(_imported(self.name, self.module), name) if value is COMPUTED else value


def methods() -> dict[str, MethodInfo]:
    """All methods that can be read, by name."""
    return scan()[0]


def unreadable() -> list[str]:
    """One line for every method whose file cannot be read, with the cause."""
    return list(scan()[1].values())


def method(name: str) -> MethodInfo:
    """The method of this name.

    Raises BadInput: There is none (the message has the nearest match and the list), or its file cannot be read.
    """
    known, broken = scan()
    name = spelled(package, renamed(name))
    if name in broken:
        raise BadInput(broken[name])
    if name not in known:
        raise BadInput(f"unknown method {name!r}: {nearest(name, known, meanings(package, name))}")
    return known[name]


@cache
def scan() -> tuple[dict[str, MethodInfo], dict[str, str]]:
    """The methods by name, and why others cannot be read."""
    known, broken = {}, {}
    for name, module in modules(package).items():
        try:
            if name in former_names():
                raise UserError(f"{name!r} is a former name of {renamed(name)!r}, whose records it stands for")
            source, file = method_source.read(module, "Method"), literals(module)
        except Exception as error:  # a file that is being edited, or another package's code
            broken[name] = f"method {name!r} cannot be read: {_cause(error)}"
        else:
            if source is not None:
                known[name] = MethodInfo(name, module, source, file)
    return known, broken


@cache
def _imported(name: str, module: str) -> Any:
    try:
        return import_module(module).Method
    except Exception as error:  # as above
        raise BadInput(f"method {name!r} cannot be imported: {_cause(error)}") from error


def _cause(error: Exception) -> str:
    """The error in one line, with file and line where they are known."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}: {error.msg}"
    text = str(error).split("\n")[0]
    return text if isinstance(error, OSError | ValueError) else f"{type(error).__name__}: {text}"
