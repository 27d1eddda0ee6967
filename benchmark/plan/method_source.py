"""Reads a method's docstring and class attributes from its source: planning imports no torch."""

from __future__ import annotations

import ast
import typing
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import annotated_types

from benchmark.errors import BadInput

NAMESPACE = {
    "int": int, "float": float, "bool": bool, "str": str, "Literal": Literal, "Annotated": typing.Annotated,
    **{name: getattr(annotated_types, name) for name in ("Gt", "Ge", "Lt", "Le")},
}  # fmt: skip

Attributes = dict[str, tuple[Any, Any]]


def attributes(module: str, name: str) -> tuple[str, Attributes] | None:
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
        if origin[0].split(".")[0] not in ("torch", "lightning") and (inherited := attributes(*origin)):
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
