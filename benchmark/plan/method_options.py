"""Options of methods: typed class attributes, and the texts that users write for them."""

from __future__ import annotations

import operator
import typing
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin


@dataclass(frozen=True)
class Option:
    """A method's option: the attribute it sets, its type and its default value."""

    attribute: str
    kind: Any
    default: Any

    def parse(self, text: str) -> Any:
        """Turns the text of a value into the value.

        Raises:
            ValueError: not of the type or out of range; the message says what is expected.
        """
        kind, limits = (get_args(self.kind)[0], get_args(self.kind)[1:]) if self._annotated else (self.kind, ())
        if get_origin(kind) is Literal:
            if text not in get_args(kind):
                raise ValueError(f"one of {', '.join(get_args(kind))}")
            return text
        if get_origin(kind) is tuple:
            parts = [part.strip() for part in text.split("+")]
            if not all(parts):
                raise ValueError("names joined by +")
            return tuple(sorted(set(parts)))
        if kind is bool:
            if text.lower() not in ("true", "false"):
                raise ValueError("true or false")
            return text.lower() == "true"
        try:
            value = kind(text)
        except ValueError:
            raise ValueError({int: "a whole number", float: "a number"}[kind]) from None
        if not all(_within(value, limit) for limit in limits):
            raise ValueError(" and ".join(map(_words, limits)))
        return value

    @property
    def shown(self) -> str:
        """The default value as a user would write it."""
        return "+".join(self.default) if isinstance(self.default, tuple) else str(self.default)

    @property
    def _annotated(self) -> bool:
        return get_origin(self.kind) is typing.Annotated


def _within(value: Any, limit: Any) -> bool:
    name = type(limit).__name__.lower()
    return bool(getattr(operator, name)(value, getattr(limit, name)))


def _words(limit: Any) -> str:
    name = type(limit).__name__.lower()
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    return f"{words[name]} {getattr(limit, name):g}"


def as_text(value: Any) -> str:
    """A value as a user would write it."""
    if isinstance(value, tuple):
        return "+".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
