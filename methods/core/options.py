"""Options of methods: typed class attributes, checked by the same rules everywhere. Imports no torch."""

from __future__ import annotations

import inspect
import math
import reprlib
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from typing import Any, ClassVar, get_origin

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

from datamodules.errors import nearest
from methods.errors import MethodError

#: Packages whose class attributes are no options of ours.
FOREIGN = frozenset({"builtins", "torch", "lightning", "pytorch_lightning", "lightning_utilities", "typing", "abc"})

_LIMITS = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}
_TYPES = {"bool": "true or false", "int": "a whole number", "float": "a number", "finite": "a finite number"}


class Unread(Enum):
    """A type or a default that the source does not spell out; importing the method tells it."""

    COMPUTED = "computed"


COMPUTED = Unread.COMPUTED


@dataclass(frozen=True)
class Option:
    """An option: the class attribute that it sets, its type (pydantic's rules), and its default."""

    attribute: str
    kind: Any
    default: Any

    def check(self, given: Any) -> Any:
        """The value that `given` means: a text as on the command line, or a value of the type itself.

        Texts of tuples join their parts by +; names in a tuple are sorted and kept once. No float may be infinite or
        NaN.

        Raises:
            ValueError: Not of the type, or out of range; the message is what would be right.
        """
        try:
            if isinstance(given, str):
                value = self._adapter.validate_python(self._parsed(given))
            else:
                plain = given.item() if type(given).__module__ == "numpy" and given.ndim == 0 else given
                value = self._adapter.validate_python(tuple(plain) if type(plain) is list else plain, strict=True)
        except ValidationError as error:
            raise ValueError(self._expected(error)) from None
        if isinstance(value, tuple) and all(isinstance(part, str) for part in value):
            return tuple(sorted(set(value)))
        return value

    @property
    def known(self) -> bool:
        """Whether type and default could be read from the source."""
        return self.kind is not COMPUTED and self.default is not COMPUTED

    @property
    def shown(self) -> str:
        """The default as a user would write it."""
        return str(self.default) if isinstance(self.default, float) else as_text(self.default)

    def _parsed(self, text: str) -> Any:
        """What pydantic needs to see for a text; it knows numbers and paths by itself."""
        for schema in self._alternatives:
            if (words := {as_text(value): value for value in schema.get("enum", ())}) and text in words:
                return words[text]
            match schema.get("type"):
                case "null" if text.lower() == "none":
                    return None
                case "boolean":
                    if text.lower() not in ("true", "false"):
                        raise ValueError(_TYPES["bool"])
                    return text.lower() == "true"
                case "array":
                    parts = [part.strip() for part in text.split("+")]
                    if not all(parts):
                        raise ValueError("names joined by +")
                    return tuple(parts)
        return text

    def _expected(self, error: ValidationError) -> str:
        """What would be right, in a few words."""
        first = error.errors()[0]
        limits = [f"{word} {as_text(schema[key])}" for schema in self._alternatives for key, word in _LIMITS.items()
                  if key in schema]  # fmt: skip
        words = [as_text(value) for schema in self._alternatives for value in schema.get("enum", ())]
        if first["type"] in ("literal_error", "enum"):
            return f"one of {', '.join(words)}"
        if first["type"].startswith(("greater_than", "less_than")) and limits:
            return " and ".join(limits)
        return _TYPES.get(first["type"].split("_")[0], first["msg"].removeprefix("Input should be "))

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        try:
            return TypeAdapter(self.kind, config=ConfigDict(allow_inf_nan=False, arbitrary_types_allowed=True))
        except PydanticUserError:  # a type that brings its own configuration
            return TypeAdapter(self.kind)

    @cached_property
    def _alternatives(self) -> list[dict[str, Any]]:
        try:
            schema = self._adapter.json_schema()
        except PydanticUserError:  # a type that JSON does not know
            return []
        alternatives: list[dict[str, Any]] = schema.get("anyOf", [schema])
        return alternatives


def check_options(cls: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a method to the values of its class attributes; same rules as on the command line.

    Names are the option's (`loss`) or the attribute's (`loss_`); the result has the attribute's. Values are of the
    option's type, or a text as on the command line. Options that are not given stay out of the result.

    Raises:
        MethodError: An unknown option (with the nearest name), or a value that it does not take.
    """
    name = cls.__module__.rpartition(".")[2] if cls.__name__ == "Method" else cls.__name__
    return check_values(name, options_of(cls), options)


def check_values(method: str, known: Mapping[str, Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the attributes that `given` options set, by the attribute's name; `known` has them by option.

    Raises:
        MethodError: As in `check_options`; the message begins with the method.
    """
    values: dict[str, Any] = {}
    for asked, value in given.items():
        name = asked if asked in known else asked.rstrip("_")
        if name not in known:
            what = nearest(asked, known) if known else "it has no options"
            raise MethodError(f"method {method!r} has no option {asked!r}; {what}")
        option = known[name]
        if option.attribute in values:
            raise MethodError(f"method {method!r}: option {name!r} is given twice")
        try:
            values[option.attribute] = option.check(value)
        except ValueError as error:
            shown = value if isinstance(value, str) else reprlib.repr(value)
            raise MethodError(f"method {method!r}: {name}={shown} should be {error}") from None
    return values


@cache
def options_of(cls: type) -> dict[str, Option]:
    """The options of a method's class by name: attributes that have a type and a value, unless they are ClassVars.

    Raises:
        MethodError: A type that does not exist where it is written.
    """
    kinds: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.split(".")[0] in FOREIGN:
            continue
        for attribute, annotation in inspect.get_annotations(base).items():
            if attribute in vars(base) and not attribute.startswith("_"):
                kinds[attribute] = _resolved(base, attribute, annotation)
    return {
        attribute.rstrip("_"): Option(attribute, kind, getattr(cls, attribute))
        for attribute, kind in kinds.items()
        if get_origin(kind) is not ClassVar and kind is not ClassVar
    }


def _resolved(base: type, attribute: str, annotation: Any) -> Any:
    """The type that one annotation means; others of the class may name what is imported for type checkers only."""
    holder = type(base.__name__, (), {"__module__": base.__module__, "__annotations__": {attribute: annotation}})
    try:
        return typing.get_type_hints(holder, include_extras=True)[attribute]
    except (NameError, AttributeError, TypeError, SyntaxError) as error:
        where = f"{base.__module__}.{base.__name__}.{attribute}"
        raise MethodError(f"the type {annotation!r} of {where} cannot be used: {error}") from None


def as_text(value: Any) -> str:
    """A value as a user would write it; `Option.check` reads it back."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, tuple | list):
        return "+".join(map(as_text, value))
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        short = f"{value:g}"
        return short if math.isnan(value) or float(short) == value else repr(value)
    return "none" if value is None else str(value)
