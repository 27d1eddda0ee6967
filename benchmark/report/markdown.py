"""The one writer of Markdown tables: names are escaped, so that they read as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

#: What Markdown would read as a cell's end, code, emphasis, an entity, HTML, or the start of a link.
_SIGNS = re.compile(r"[\\`*|<>&~]|(?<!\w)_|_(?!\w)|\](?=[(\[:])|!(?=\[)")


def plain(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return _SIGNS.sub(r"\\\g<0>", " ".join(text.split()))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of numbers: each row begins with a name.

    Heads and names are escaped, numbers are taken as they are, with their emphasis.

    >>> print(table(["method", "0.5"], [["a_b|c", "**61.20**"]]), end="")
    | method | 0.5 |
    | :-- | --: |
    | a_b\\|c | **61.20** |
    """
    lines = [list(map(plain, head)), [":--", *["--:"] * (len(head) - 1)]]
    lines += [[plain(name), *cells] for name, *cells in rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
