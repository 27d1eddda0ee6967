"""The commands by group, as `promptnoise --help` prints them: one a line, within 80 columns."""

from __future__ import annotations

import ast

from benchmark.commands import COMMANDS
from datamodules import reading

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
