"""The screen: rich's console, on which text of others does nothing but stand there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from datamodules.foreign import LONGEST, one_line


class Screen(Console):
    """A console that prints every text as one line without control characters, shortened where it is very long.

    So what is printed on several lines is printed by several calls.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What all that is printed goes through: texts, cells of tables, titles of bars."""
        return super().render(_harmless(renderable) if isinstance(renderable, Text) else renderable, options)

    def render_str(self, text: str, **style: Any) -> Text:
        """A text with markup."""
        return super().render_str(one_line(text), **style)


def _harmless(text: Text) -> Text:
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + Text("…")
    if not text.plain.isprintable():
        text = text.copy()
        text.plain = one_line(text.plain)
    return text
