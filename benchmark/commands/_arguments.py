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
from datamodules.foreign import LONGEST_NAME, one_line
from methods.options.option import Option

T = TypeVar("T")
#: Bytes of a path, and of one name in it, that file systems take.
LONGEST_PATH, LONGEST_PART = 4095, 255


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
                raise BadInput(f"{command} has no option {_short(flag)}; {near}")
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
                raise BadInput(f"{command} does not take {_short(word)!r}; options are written --option=value")
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
    paths = {name: tuple(_path(name, word) for word in words) for name, words in several.items()}
    return options(**values, **paths)


@cache
def _known(options: type[Any]) -> dict[str, Option]:
    kinds = get_type_hints(options, include_extras=True)
    return {field.name: Option(field.name, kinds[field.name], field.default) for field in fields(options)}


def _value(option: Option, name: str, text: str) -> Any:
    _check_text(name, text)
    try:
        value = option.check(text)
    except ValueError as error:
        raise BadInput(f"--{name}={_short(text)} should be {error}") from None
    if isinstance(value, int) and abs(value) >= 2**63:
        raise BadInput(f"--{name}={_short(text)} should be below 2^63")
    return _path(name, text) if isinstance(value, Path) else value


def _path(name: str, text: str) -> Path:
    _check_text(name, text)
    if not text.strip():
        raise BadInput(f"--{name}= is empty; it should be a path")
    if len(text.encode()) > LONGEST_PATH or any(len(part.encode()) > LONGEST_PART for part in Path(text).parts):
        raise BadInput(
            f"--{name}={_short(text)} is too long for a path: {LONGEST_PART} bytes a name, {LONGEST_PATH} in all"
        )
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise BadInput(f"--{name}={_short(text)}: there is no such user") from None


def _check_text(name: str, text: str) -> None:
    """Accept what can be written to a file and given to the system; words of a shell may be any bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise BadInput(f"--{name}={_short(text)} is not text in UTF-8; rename the file or folder") from None
    if "\0" in text:
        raise BadInput(f"--{name}={_short(text)} holds a zero byte, which no name has")


def _short(text: str) -> str:
    return one_line(text, LONGEST_NAME)
