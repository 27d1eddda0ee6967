"""Text of others, made harmless for terminals and for spreadsheets: names of files, classes and columns, messages."""

from __future__ import annotations

import logging
import re
import unicodedata

#: Characters of a printed line, or of one cell of a printed table; what is longer keeps its two ends.
LONGEST = 2000
#: Characters of a name within a line of our own.
LONGEST_NAME = 120
_JOINERS = "\u200c\u200d"
_FORMULA, _MARKED = re.compile(r"'*[=+\-@\t\r]"), re.compile(r"'+[=+\-@\t\r]")


def one_line(text: str, most: int = LONGEST) -> str:
    r"""The text as one line of at most `most` characters, each that is not shown as it is replaced by one that is.

    Line ends, escape codes, signs that turn the direction of writing and bytes that are no UTF-8 do nothing any more.

    >>> one_line("a\x1b[31mb\nc\u202ed"), one_line("x" * 9, 5)
    ('a␛[31mb␊c�d', 'xxx…x')
    """
    if len(text) > most:
        end = (most - 1) // 3
        text = f"{text[: most - 1 - end]}…{text[len(text) - end :]}"
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(letter: str) -> str:
    if letter.isprintable() or letter in _JOINERS or unicodedata.category(letter) == "Zs":
        return letter
    return chr(0x2400 + ord(letter)) if letter < " " else "␡" if letter == "\x7f" else "\N{REPLACEMENT CHARACTER}"


def folded(name: str) -> str:
    """A name without case, blanks and signs, by which spellings of one name are the same.

    >>> folded("ViT-B/16"), folded("Oxford_Pets"), folded("LP++")
    ('vitb16', 'oxfordpets', 'lp++')
    """
    return "".join(letter for letter in name.casefold() if letter.isalnum() or letter == "+")


def to_cell(text: str) -> str:
    r"""The text for a cell of a CSV table: an apostrophe in front of what a spreadsheet would take for a formula.

    What has the apostrophe already gets another one, so that `from_cell` gives every text back.

    >>> to_cell("=1+1"), to_cell("'=1+1"), to_cell("cat"), to_cell("'cat")
    ("'=1+1", "''=1+1", 'cat', "'cat")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def from_cell(text: str) -> str:
    """The text that `to_cell` was given.

    >>> from_cell("'=1+1"), from_cell("''=1+1"), from_cell("'cat")
    ('=1+1', "'=1+1", "'cat")
    """
    return text[1:] if _MARKED.match(text) else text


def warn_in_one_line() -> None:
    """Has warnings of this process printed as one line each, where nobody has set up logging."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(OneLine())
        if not logging.root.handlers:  # else open_clip's `logging.info` puts one there with a format of its own
            logging.root.addHandler(logging.lastResort)


class OneLine(logging.Formatter):
    """Logging's format for a message as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The message alone."""
        return one_line(record.getMessage())
