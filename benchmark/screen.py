"""The screen: rich's console, on which text of others does nothing but stand there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from datamodules.foreign import LONGEST, one_line


class Screen(Console):
    """A console that prints every text as one line without control characters, shortened where it is very long.

    So what is printed on several lines is printed by several calls.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What all that is printed goes through: texts, cells of tables, titles of bars."""
        return super().render(_harmless(renderable) if isinstance(renderable, Text) else renderable, options)

    def say(self, line: object, style: str = "") -> None:
        """One line, shown as it is: brackets are no markup, numbers have no colours, and it is not wrapped."""
        self.print(str(line), style=style, highlight=False, markup=False, soft_wrap=True)

    def render_str(self, text: str, **style: Any) -> Text:
        """A text with markup; `folder:x:` stays as it is, a name between colons is no emoji."""
        return super().render_str(one_line(text), **style | {"emoji": False})


def table(
    head: Sequence[str], rows: Iterable[Sequence[str | Text]], title: str = "", left: int = 1, rigid: bool = False
) -> Table:
    """The table that every command prints: names in the first `left` columns, numbers, to the right, in the others.

    Cells stand as they are, without markup; with `rigid` no number is ever wrapped or cut.
    """
    view = Table(box=None, pad_edge=False, title=Text(title) if title else None, title_justify="left")
    for index, name in enumerate(head):
        if index < left:
            view.add_column(Text(name), overflow="fold")
        else:
            view.add_column(Text(name), justify="right", no_wrap=rigid)
    for row in rows:
        view.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    return view


def _harmless(text: Text) -> Text:
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + Text("…")
    if not text.plain.isprintable():
        text = text.copy()
        text.plain = one_line(text.plain)
    return text
