"""The command line, `promptnoise COMMAND --option=value`; every file of `benchmark/commands` is a command.

Only the chosen command is imported, and none imports torch before there is something to train.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from types import ModuleType

from jsonargparse import ArgumentParser, set_parsing_settings

from benchmark.errors import BadInput, Interrupted
from datamodules.errors import UserError, nearest

COMMANDS = {path.stem: path for path in sorted((Path(__file__).parent / "commands").glob("[a-z]*.py"))}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns 0 if all went well, 1 if runs failed, 2 for bad input, 130 if interrupted."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        sys.stdout.write(_overview())
        return 0
    name, rest = given[0], given[1:]
    try:
        if name not in COMMANDS:
            raise BadInput(f"unknown command {name!r}: {nearest(name, COMMANDS)}")
        command = import_module(f"benchmark.commands.{name}")
        return int(command.main(_parse(name, command, rest)))
    except UserError as error:
        sys.stderr.write(f"promptnoise: {error}\n")
        return 2
    except Interrupted:
        sys.stderr.write("\npromptnoise: stopped; finished runs are kept, the same command goes on\n")
        return 130


def _parse(name: str, command: ModuleType, arguments: Sequence[str]) -> object:
    """The command's options, a dataclass `Options`, from `--option=value`; fields without a default are positional."""
    set_parsing_settings(docstring_parse_attribute_docstrings=True)
    options = command.Options
    parser = ArgumentParser(prog=f"promptnoise {name}", description=options.__doc__, exit_on_error=True)
    parser.add_class_arguments(options, as_positional=True, fail_untyped=False)
    switches = {f"--{field.name}" for field in fields(options) if field.type in ("bool", bool)}
    words = []
    for word in arguments:
        flag, equals, value = word.partition("=")
        if flag.startswith("--"):
            flag = "--" + flag[2:].replace("-", "_")
        words.append(f"{flag}=true" if flag in switches and not equals else f"{flag}{equals}{value}")
    return options(**vars(parser.parse_args(words)))


def _overview() -> str:
    lines = ["usage: promptnoise COMMAND [--option=value ...]; promptnoise COMMAND --help tells more", ""]
    for name, path in COMMANDS.items():
        summary = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split("\n")[0]
        lines.append(f"  {name:9} {summary.partition(': ')[2] or summary}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
