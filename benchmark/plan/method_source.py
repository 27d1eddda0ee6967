"""Reads a method's docstring, options and constants from its source: nothing is run, and planning imports no torch."""

from __future__ import annotations

import ast
import typing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import annotated_types

from datamodules import plugins
from methods.options.check import FOREIGN
from methods.options.option import COMPUTED, Option

_NAMES = {"int": int, "float": float, "bool": bool, "str": str, "Path": Path, "None": None}
_LIMITS = {name: getattr(annotated_types, name) for name in ("Gt", "Ge", "Lt", "Le", "MultipleOf")}


@dataclass(frozen=True)
class Source:
    """What the source says of a class.

    `constants` are the values of class attributes that are no options; types and values that are not spelled out are
    `COMPUTED`. `complete` is False where a base class could not be read, so that there may be more options.
    """

    documentation: str = ""
    constants: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Option] = field(default_factory=dict)
    complete: bool = True


def read(module: str, name: str) -> Source | None:
    """What the source of `module` says of its class `name`, inherited attributes included; None if it has none.

    Raises UserError: The module cannot be found. OSError, SyntaxError, ValueError: Its file cannot be read, or is not
    Python.
    """
    lineage = _lineage(module, name)
    if not lineage:
        return None
    order = list(dict.fromkeys(reversed(lineage)))  # from the last base to the class itself, each as late as it comes
    found = Source(complete=None not in order)
    for node in order:
        found = found if node is None else _with_own(found, node)
    first = lineage[0]
    return replace(found, documentation=(ast.get_docstring(first) if first else None) or "")


def _lineage(module: str, name: str) -> list[ast.ClassDef | None]:
    """A class and its bases, depth first, None for one that is not found; empty if the module has no such class."""
    tree = plugins.tree(module)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    if name not in classes:
        return []
    found: list[ast.ClassDef | None] = [classes[name]]
    imported = _imported(tree)
    for base in classes[name].bases:
        written = ast.unparse(base).partition("[")[0]
        first, dot, rest = written.partition(".")
        whole = imported.get(first, "") + dot + rest
        if written in classes and written != name:
            found += _lineage(module, written)
        elif whole.split(".")[0] not in FOREIGN and written != "object":
            place, _, own = whole.rpartition(".")
            found += (_lineage(place, own) if place else []) or [None]
    return found


def _with_own(found: Source, node: ast.ClassDef) -> Source:
    """Inherited attributes and those of the class body; a plain assignment changes an option's default."""
    constants, options = dict(found.constants), dict(found.options)
    for line in node.body:
        match line:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=kind, value=ast.expr() as value):
                if ast.unparse(kind).removeprefix("typing.").startswith("ClassVar"):
                    options.pop(name, None)
                    constants[name] = _value(value)
                elif not name.startswith("_"):
                    options[name] = Option(name, _type(kind), _value(value))
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                if name in options:
                    options[name] = replace(options[name], default=_value(value))
                else:
                    constants[name] = _value(value)
    return replace(found, constants=constants, options=options)


def _value(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return COMPUTED


def _type(node: ast.expr) -> Any:
    """The type that an annotation spells with the usual names, else `COMPUTED`."""
    try:
        return _spelled(node)
    except (LookupError, TypeError, ValueError):
        return COMPUTED


def _spelled(node: ast.expr) -> Any:
    match node:
        case ast.Name(id=name):
            return _NAMES[name]
        case ast.Constant(value=None):
            return None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return typing.Union[_spelled(left), _spelled(right)]  # noqa: UP007
        case ast.Subscript(value=ast.Name(id="Literal"), slice=values):
            return Literal[ast.literal_eval(values)]
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[kind, *limits])):
            parts = (_spelled(kind), *map(_limit, limits))
            return typing.Annotated[parts]
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[kind, ast.Constant(value=rest)])):
            if rest is ...:
                return tuple[_spelled(kind), ...]  # type: ignore[misc]
    raise ValueError(ast.unparse(node))


def _limit(node: ast.expr) -> Any:
    match node:
        case ast.Call(func=ast.Name(id=name), args=[bound], keywords=[]):
            return _LIMITS[name](ast.literal_eval(bound))
    raise ValueError(ast.unparse(node))


def _imported(tree: ast.Module) -> dict[str, str]:
    """Names that a module imports at its top, with what they mean: `from methods import coop` is `methods.coop`."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname: alias.name for alias in node.names if alias.asname}
            found |= {root: root for alias in node.names if not alias.asname for root in alias.name.split(".")[:1]}
    return found
