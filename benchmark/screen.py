"""The screen: rich's console, on which text of others does nothing but stand there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TimeElapsedColumn, TimeRemainingColumn
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from benchmark.uncollected import without_collection
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

    @contextmanager
    def loading(self, what: str) -> Iterator[None]:
        """A spinner for the seconds that importing `what` takes."""
        with self.status(f"loading {what}"), without_collection():
            yield

    def render_str(self, text: str, **style: Any) -> Text:
        """A text with markup; `folder:x:` stays as it is, a name between colons is no emoji."""
        return super().render_str(one_line(text), **style | {"emoji": False})


class _Name(ProgressColumn):
    """What a bar is about, cut in its middle so that all else of the line stays in sight."""

    def __init__(self, screen: Screen, room: int) -> None:
        super().__init__()
        self.screen, self.room = screen, room

    def render(self, task: Task) -> Text:
        """The name in what the line leaves."""
        room = min(60, self.screen.width - self.room - len(_count(task)))
        return Text(one_line(task.description, max(8, room)), no_wrap=True)


class _Count(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_count(task), style="progress.download")


def _count(task: Task) -> str:
    """How much of how much: the field `done` of a task, or what it has completed."""
    return f"{task.fields.get('done', int(task.completed))}/{int(task.total or 0)}"


class _Left(TimeRemainingColumn):
    """Time left by the field `left` of a task, which returns seconds or None; else by how fast it went."""

    def render(self, task: Task) -> Text:
        """As h:mm:ss."""
        seconds = task.fields["left"]() if "left" in task.fields else None
        if seconds is None or task.finished:
            return super().render(task)
        minutes, seconds = divmod(int(seconds), 60)
        return Text(f"{minutes // 60}:{minutes % 60:02}:{seconds:02}", style="progress.remaining")


def bars(screen: Screen, disable: bool = False) -> Progress:
    """Bars with name, count, time taken and time left, which is known from the second step on."""
    bar = max(8, min(40, screen.width // 7))
    columns = _Name(screen, bar + 24), BarColumn(bar), _Count()
    times = TimeElapsedColumn(), _Left()
    return Progress(*columns, *times, console=screen, speed_estimate_period=3600, disable=disable)


def table(
    head: Sequence[str], rows: Iterable[Sequence[str | Text]], title: str = "", left: int = 1, rigid: bool = False
) -> Table:
    """The table that every command prints: names in the first `left` columns, numbers, to the right, in the others.

    Cells stand as they are, without markup; with `rigid` no number is ever wrapped or cut.
    """
    heading = Text(title, no_wrap=True, overflow="ignore") if title else None
    view = Table(box=None, pad_edge=False, title=heading, title_justify="left")
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
