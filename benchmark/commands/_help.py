"""What --help prints, within 80 columns."""

from __future__ import annotations

import ast
from dataclasses import MISSING, fields, is_dataclass
from inspect import getdoc
from textwrap import wrap
from typing import Any

from docstring_parser import parse_from_object

from benchmark.commands import COMMANDS
from datamodules import reading
from methods.options.option import as_text

#: The groups of `promptnoise --help` in order; a command names its own in `GROUP`, and others stand below.
GROUPS = ("train", "read", "labels", "use", "set up")


def overview() -> str:
    """The commands by group, with what each does."""
    lines = ["usage: promptnoise COMMAND [--option=value ...], COMMAND --help, --version", ""]
    listed = [_listed(name) for name in COMMANDS]
    for title in dict.fromkeys([*GROUPS, *(group for group, _ in listed)]):
        lines += [f"{'' if i else title:7} {line}" for i, line in enumerate(line for g, line in listed if g == title)]
    return "\n".join(lines) + "\n"


def _listed(command: str) -> tuple[str, str]:
    """The group of a command and its line, from its source."""
    tree = ast.parse(reading.read_text(COMMANDS[command]))
    summary = (ast.get_docstring(tree) or "").split("\n")[0]
    groups = [
        line.partition(" = ")[2].strip("'") for line in map(ast.unparse, tree.body) if line.startswith("GROUP = ")
    ]
    return "".join(groups) or "more", f"{command:10} {summary.partition(': ')[2] or summary}"


def explained(command: str, options: type[Any]) -> str:
    """The options with their docstrings and defaults; those that other commands have too stand in groups."""
    defaults = {field.name: field.default for field in fields(options)}
    needed = [name.rstrip("_").upper() for name, default in defaults.items() if default is MISSING]
    lines = [" ".join(["usage: promptnoise", command, *needed, "[--option=value ...]"]), "", *_documentation(options)]
    for home in filter(is_dataclass, options.__mro__):
        lines += [""] if home is options else ["", *_documentation(home)]
        for own in parse_from_object(home).params:
            if own.arg_name in defaults:
                default = defaults.pop(own.arg_name)
                name = own.arg_name.rstrip("_").upper() if default is MISSING else f"--{own.arg_name}"
                told = "" if default in (MISSING, "") or default is False else f" [{as_text(default)}]"
                lines += _wrap(f"  {name:18} {own.description}{told}", indent=21)
    return "\n".join(lines) + "\n"


def _documentation(options: type[Any]) -> list[str]:
    return [line for text in str(getdoc(options)).split("\n\n") for line in _wrap(text)]


def _wrap(text: str, indent: int = 0) -> list[str]:
    return wrap(text, 80, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False)
