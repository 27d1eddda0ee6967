"""Bad input, reported in one line: the base class, and what concerns data."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from datamodules.foreign import LONGEST_NAME, one_line


class UserError(ValueError):
    """What was wrong, where, and what would be right, in one line; the base class of every error that a user can fix.

    Plug-in packages may raise it: the command line prints the message alone and exits with 2. Text of others in it
    loses its control characters.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(one_line(str(message)))


class DataError(UserError):
    """A data set, a split, a shot count or a kind of noise that cannot be used as asked."""


def unknown(what: str, name: str, known: Iterable[str]) -> DataError:
    """The error for a name that does not exist, with the nearest match and the list of those that do."""
    return DataError(f"unknown {what} {one_line(name, LONGEST_NAME)!r}: {nearest(name, known)}")


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like `name`, if one does, and the list of all."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1) if len(name) <= LONGEST_NAME else []
    return f"{f'did you mean {near[0]!r}? ' if near else ''}known: {', '.join(names)}"


class CorruptImage(DataError):
    """A picture that cannot be decoded; the message names its file."""
