"""Which methods there are and what their options are, read from their source: planning imports no torch.

The folder `methods/` is the registry: every file that defines a class `Method` is a method. Other packages add theirs
through the entry point group `promptnoise.methods`, whose entries name a module.
"""

from __future__ import annotations

import ast
import operator
import typing
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types

from benchmark.errors import BadInput
from datamodules.errors import nearest

NAMESPACE = {
    "int": int, "float": float, "bool": bool, "str": str, "Literal": Literal, "Annotated": typing.Annotated,
    **{name: getattr(annotated_types, name) for name in ("Gt", "Ge", "Lt", "Le")},
}  # fmt: skip


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
        inside = ",".join(f"{name}={_text(named[name])}" for name in sorted(named))
        return f"{self.name}[{inside}]" if inside else self.name


@cache
def methods() -> dict[str, MethodInfo]:
    """All methods found, by name."""
    sources = {path.stem: f"methods.{path.stem}" for path in (Path(__file__).parents[1] / "methods").glob("*.py")}
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
    attributes = _attributes(module, "Method")
    if attributes is None:
        return None
    documentation, values = attributes
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


Attributes = dict[str, tuple[Any, Any]]


def _attributes(module: str, name: str) -> tuple[str, Attributes] | None:
    """Docstring, and (type, value) of the class attributes that are annotated and set, inherited ones first.

    The type of a ClassVar is None: it is a constant, not an option.
    """
    tree = _tree(module)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if name not in classes:
        return None
    imported = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    found: Attributes = {}
    for base in classes[name].bases:
        target = ast.unparse(base)
        if target in classes:
            origin = (module, target)
        elif "." in target and target.split(".")[0] in imported:  # from methods import coop ... coop.Method
            package, alias = imported[target.split(".")[0]]
            origin = (f"{package}.{alias}", target.split(".")[1])
        elif target in imported:
            origin = imported[target]
        else:
            continue
        if origin[0].split(".")[0] not in ("torch", "lightning") and (inherited := _attributes(*origin)):
            found |= inherited[1]
    for node in classes[name].body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            kind = ast.unparse(node.annotation)
            found[node.target.id] = (
                None if kind.startswith("ClassVar") else eval(kind, NAMESPACE),
                ast.literal_eval(node.value),
            )
    return ast.get_docstring(classes[name]) or "", found


@cache
def _tree(module: str) -> ast.Module:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise BadInput(f"the method module {module!r} cannot be found; is its package installed?")
    return ast.parse(Path(spec.origin).read_text(encoding="utf-8"))


def _within(value: Any, limit: Any) -> bool:
    name = type(limit).__name__.lower()
    return bool(getattr(operator, name)(value, getattr(limit, name)))


def _words(limit: Any) -> str:
    name = type(limit).__name__.lower()
    words = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
    return f"{words[name]} {getattr(limit, name):g}"


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "+".join(value)
    return f"{value:g}" if isinstance(value, float) else str(value)
