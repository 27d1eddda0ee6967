"""Folders as registries: the files of a package, and what installed packages add; none of them is imported."""

from __future__ import annotations

import ast
import os
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

from datamodules import reading
from datamodules.errors import UserError


def modules(package: ModuleType) -> Mapping[str, str]:
    """The modules by name, sorted: each file of the package, and each entry of the group named after it.

    The group of `datamodules.datasets` is `promptnoise.datasets`; an entry replaces a file of its name.
    """
    folders = tuple((folder, *os.listdir(folder)) for folder in package.__path__ if Path(folder).is_dir())  # noqa: PTH208
    return _modules(package.__name__, folders, (*sys.path,))


@cache
def _modules(name: str, folders: Sequence[Sequence[str]], path: Sequence[str]) -> Mapping[str, str]:
    """`modules` of a package whose folders, each named before its files, hold these, with the interpreter's `path`."""
    files = (each.name for each in pkgutil.iter_modules([folder for folder, *_ in folders]) if not each.ispkg)
    found = {file: f"{name}.{file}" for file in files if not file.startswith("_")}
    added = entry_points(group=f"promptnoise.{name.rpartition('.')[2]}")
    found |= {entry.name: entry.value.split(":")[0] for entry in added}
    return MappingProxyType(dict(sorted(found.items())))


def literals(module: str) -> Mapping[str, Any]:
    """The constants of a module's source whose values are spelled out: `SIZE = {"classes": 47, "tests": 1692}`.

    Raises UserError: The module cannot be found. OSError, SyntaxError, ValueError: Its file cannot be read, or is not
    Python.
    """
    found = {}
    for line in tree(module).body:
        match line:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if name.isupper():
                try:
                    found[name] = ast.literal_eval(value)
                except ValueError:
                    continue
    return found


@cache
def tree(module: str) -> ast.Module:
    """The parsed source of a module, as `literals` raises."""
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise UserError(f"the module {module!r} cannot be found; is its package installed?")
    path = Path(spec.origin)
    return ast.parse(reading.read_bytes(path, reading.TEXT), filename=str(path))
