"""Bad input, reported in one line: the base class, and what concerns data."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from datamodules.foreign import LONGEST_NAME, folded, one_line


class UserError(ValueError):
    """What was wrong, where, and what would be right, in one line; the base class of every error that a user can fix.

    Plug-in packages may raise it: the command line prints the message alone and exits with 2. Text of others in it
    loses its control characters.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(str(message)))


class DataError(UserError):
    """A data set, a split, a shot count or a kind of noise that cannot be used as asked."""


def unknown(what: str, name: str, known: Iterable[str], meant: Sequence[str] = ()) -> DataError:
    """The error for a name that does not exist, with what it may mean or the nearest match, and the list of all."""
    return DataError(f"unknown {what} {one_line(name, LONGEST_NAME)!r}: {nearest(name, known, meant)}")


def nearest(name: str, known: Iterable[str], meant: Sequence[str] = ()) -> str:
    """The names that are `meant`, else the known one that looks most like `name`, if one does, and the list of all."""
    names = sorted(known)
    near = " or ".join(map(repr, meant or look_alikes(name, names)))
    return f"{f'did you mean {near}? ' if near else ''}known: {', '.join(names)}"


def look_alikes(name: str, known: Sequence[str], most: int = 1) -> list[str]:
    """The known names that look most like `name` without case and signs, or hold it, or are held by it.

    >>> look_alikes("CaltechDir", ["caltech101", "digits"]), look_alikes("flowers", ["oxford_flowers", "flipped"])
    (['caltech101'], ['oxford_flowers'])
    """
    if len(name) > LONGEST_NAME:
        return []
    key, keys = folded(name), {own: folded(own) for own in known}
    equal = [own for own, its in keys.items() if its == key]
    within = [own for own, its in keys.items() if min(len(key), len(its)) > 3 and (key in its or its in key)]
    alike = difflib.get_close_matches(key, keys.values(), n=most)
    close = [own for own, its in keys.items() if its in alike]
    return list(dict.fromkeys((*equal, *within, *close)))[:most]


class CorruptImage(DataError):
    """A picture that cannot be decoded; the message names its file."""
