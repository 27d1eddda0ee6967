"""One option of a method: a typed value with a default, checked by pydantic. Imports no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError

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
        NaN. Raises ValueError: not of the type, or out of range; the message is what would be right.
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
        if text.lower() == "none" and any(schema.get("type") == "null" for schema in self._alternatives):
            return None
        for schema in self._alternatives:
            if (words := {as_text(value): value for value in schema.get("enum", ())}) and text in words:
                return words[text]
            match schema.get("type"):
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
        plain = _TYPES.get(first["type"].split("_")[0], first["msg"].removeprefix("Input should be "))
        return " or ".join([plain, *(as_text(schema["const"]) for schema in self._alternatives if "const" in schema)])

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
