"""Parser of names with options: `name`, or `name[option=value,option=value]`."""

from __future__ import annotations

import re
from pathlib import Path

from datamodules.errors import DataError

_NAME = r"([^\[\]]+)(?:\[([^\[\]]*)\])?"
#: A path may have brackets of its own; options are in the last ones, and have an equals sign.
_PLACE = r"(.+?)(?:\[(\s*\w+\s*=[^\[\]]*)\])?"
_IS_PLACE = re.compile(r"(folder|features|local-dir|hf):|[^\[]*/")


def parse_spec(text: str) -> tuple[str, dict[str, str]]:
    """Splits a name with options into name and options; values may contain commas.

    A comma separates options only where another `option=` follows.

    Raises DataError: brackets that do not match, an option without a value, or the same option twice.

    >>> parse_spec("human[labels=worse]")
    ('human', {'labels': 'worse'})
    >>> parse_spec("folder:pets[template=a {}, a type of pet., val=held-out]")[1]
    {'template': 'a {}, a type of pet.', 'val': 'held-out'}
    """
    text = text.strip()
    match = re.fullmatch(_PLACE, text) if _IS_PLACE.match(text) else None
    if match is None or (match.group(1).endswith("]") and not Path(match.group(1).partition(":")[2] or text).exists()):
        match = re.fullmatch(_NAME, text)
    if match is None:
        raise DataError(f"{text!r} is not written as name or name[option=value]")
    name, inside = match.group(1).strip(), match.group(2)
    options: dict[str, str] = {}
    for part in re.split(r",(?=\s*\w+=)", inside) if inside else []:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value:
            raise DataError(f"{text!r}: {part.strip()!r} is not written as option=value")
        if key in options:
            raise DataError(f"{text!r}: option {key!r} is given twice")
        options[key] = value
    return name, options


def number_of(count: int, what: str) -> str:
    """A count and what is counted, in the singular or plural.

    >>> number_of(1, "run"), number_of(360, "run"), number_of(0, "class")
    ('1 run', '360 runs', '0 classes')
    """
    return f"{count} {what}" + ("" if count == 1 else "es" if what.endswith(("s", "x", "ch")) else "s")


def split_list(text: str) -> list[str]:
    """Parts of `text` between commas that stand outside of brackets.

    >>> split_list("coop, gce[q=0.5,n_ctx=4]")
    ['coop', 'gce[q=0.5,n_ctx=4]']
    """
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(f"{text},"):
        depth += (letter == "[") - (letter == "]")
        if letter == "," and (depth == 0 or place == len(text)):
            parts.append(text[start:place])
            start = place + 1
    return [part.strip() for part in parts if part.strip()]
