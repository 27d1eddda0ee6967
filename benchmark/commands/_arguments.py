"""The options of a command, a dataclass `Options`, from the words on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints

from benchmark.errors import BadInput
from benchmark.plan import suites
from datamodules.errors import nearest
from methods.options.option import Option

T = TypeVar("T")


def parse(command: str, options: type[T], words: Sequence[str]) -> T:
    """`--option=value`, `--option value` or, for what is true or false, `--option`; fields without a default by place.

    A field without a default whose type is a tuple of paths takes all words that are left.

    Raises:
        BadInput: An option that there is not, is given twice or lacks a value, or a value that it does not take.
    """
    known = _known(options)  # type: ignore[arg-type]
    needed = [field.name for field in fields(options) if field.default is MISSING]  # type: ignore[arg-type]
    texts: dict[str, str] = {}
    several: dict[str, list[str]] = {}
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word.startswith("-") and len(word) > 1:
            flag, equals, text = word.partition("=")
            name = flag.removeprefix("--").replace("-", "_")
            name = name if name in known else f"{name}_"  # a field cannot be called `with`
            if not flag.startswith("--") or name not in known:
                near = nearest(f"--{name.rstrip('_')}", [f"--{each.rstrip('_')}" for each in known])
                raise BadInput(f"{command} has no option {flag}; {near}")
            if not equals and known[name].kind is bool:
                text = "true"
            elif not equals:
                if not waiting or waiting[0].startswith("--"):
                    raise BadInput(f"{flag} needs a value: {flag}=VALUE")
                text = waiting.pop(0)
            if name in texts:
                raise BadInput(f"{flag} is given twice; give it once, several values separated by commas")
        else:
            name = next((each for each in needed if each not in texts or each in several), "")
            if name and get_origin(known[name].kind) is tuple:
                several.setdefault(name, []).append(word)
            elif not name:
                raise BadInput(f"{command} does not take {word!r}; options are written --option=value")
            text = word
        texts[name] = text
    if "suite" in known:
        texts = suites.completed(texts, known)
    if missing := [name for name in needed if name not in texts]:
        usage = " ".join(name.rstrip("_").upper() for name in needed)
        raise BadInput(
            f"{command} needs {' and '.join(name.rstrip('_') for name in missing)}: promptnoise {command} {usage}"
        )
    single = {name: text for name, text in texts.items() if name not in several}
    values = {name: _value(known[name], name, text) for name, text in single.items()}
    paths = {name: tuple(Path(word).expanduser() for word in words) for name, words in several.items()}
    return options(**values, **paths)


@cache
def _known(options: type[Any]) -> dict[str, Option]:
    kinds = get_type_hints(options, include_extras=True)
    return {field.name: Option(field.name, kinds[field.name], field.default) for field in fields(options)}


def _value(option: Option, name: str, text: str) -> Any:
    try:
        value = option.check(text)
    except ValueError as error:
        raise BadInput(f"--{name}={text} should be {error}") from None
    if isinstance(value, Path):
        if not text.strip():
            raise BadInput(f"--{name}= is empty; it should be a path")
        try:
            return value.expanduser()
        except RuntimeError:
            raise BadInput(f"--{name}={text}: there is no such user") from None
    return value
