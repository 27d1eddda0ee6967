"""The code blocks of a page in Markdown, and the command lines in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

BLOCK = re.compile(
    r"^(?: *<!-- (?P<mark>not run|run by): (?P<why>.*?) -->\n)?"
    r"(?P<pad> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=pad)```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code; `mark` is `not run` or `run by` where a comment before it says so, and `why` what it says."""

    page: Path
    line: int
    language: str
    text: str
    mark: str
    why: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def code_blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    source = page.read_text(encoding="utf-8")
    return [
        Block(page, source[: found.start("language")].count("\n") + 1, found["language"], dedent(found["text"]),
              found["mark"] or "", found["why"] or "")
        for found in BLOCK.finditer(source)
    ]  # fmt: skip


def commands(block: Block) -> list[list[str]]:
    """The words of each command of a `bash` block, or of the lines after `$` of a `console` block.

    Quotes and backslashes join lines; comments are left out, `A && B` are two commands, and a variable that a line
    sets is put in where later ones use it.
    """
    lines = block.text.splitlines()
    if block.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    found, set_here, waiting = [], {}, ""
    for line in lines:
        waiting += line
        if waiting.endswith("\\"):
            waiting = waiting[:-1]
            continue
        for name, value in set_here.items():
            waiting = waiting.replace(f"${name}", value)
        try:
            words = shlex.split(waiting, comments=True)
        except ValueError:  # a quotation that goes on
            waiting += "\n"
            continue
        waiting = ""
        if len(words) == 1 and (given := re.fullmatch(r"([A-Z]+)=(.*)", words[0], flags=re.DOTALL)):
            set_here[given[1]] = given[2]
        elif words:
            cuts = [-1, *(place for place, word in enumerate(words) if word == "&&"), len(words)]
            found += [words[a + 1 : b] for a, b in pairwise(cuts)]
    assert not waiting, f"{block}: an open quotation"
    return found
