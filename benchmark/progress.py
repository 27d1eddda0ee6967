"""The live view of a benchmark: runs done, what each device does, time left."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from benchmark.events import Event


class LiveProgress:
    """A bar of runs, and a line per device; plain lines where the output is not a terminal."""

    def __init__(self, console: Console, total: int, done: int = 0) -> None:
        self.console = console
        self.total = total
        self.done = done
        self._notes: set[str] = set()
        self._lines: dict[str, TaskID] = {}
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._runs = self._bars.add_task("runs", total=total, completed=done)

    def __enter__(self) -> LiveProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, event: Event) -> None:
        """Shows an event."""
        if event.what in ("epoch", "encode"):
            self._line(event)
            return
        if event.what == "note":
            if event.text not in self._notes:
                self.console.print(event.text, style="dim", highlight=False, markup=False)
            self._notes.add(event.text)
            return
        self.done += event.finished
        self._bars.update(self._runs, completed=self.done)
        if event.what == "failed":
            self.console.print(f"[red]failed[/red] {event.text}", highlight=False)
        if not self.console.is_terminal:
            self.console.print(f"{self.done}/{self.total} runs done", highlight=False)

    def _line(self, event: Event) -> None:
        text = f"{event.device}: {event.text}"
        if event.device not in self._lines:
            self._lines[event.device] = self._bars.add_task(text, total=event.total)
        self._bars.update(self._lines[event.device], description=text, total=event.total, completed=event.done)
