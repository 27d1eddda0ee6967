"""The live view of a benchmark: runs done, what each worker does, time left."""

from __future__ import annotations

import time
from types import TracebackType

from rich.progress import TaskID

from benchmark.plan.gpu_hours import in_time
from benchmark.run.events import Event
from benchmark.run.time_left import TimeLeft
from benchmark.screen import Screen, bars

#: Seconds between plain lines about what is under way.
PAUSE = 60.0


class LiveProgress:
    """A bar of `total` runs, `done` of them before, and a line per worker; plain lines where no terminal shows them.

    `left` tells the time left of the others.
    """

    def __init__(self, console: Screen, total: int, done: int = 0, left: TimeLeft | None = None) -> None:
        self.console = console
        self.total = total
        self.done = done
        self._notes: set[str] = set()
        self._lines: dict[int, TaskID] = {}
        self._under_way: dict[int, float] = {}
        self._said = time.monotonic()
        self._before, self._time_left = done, left or TimeLeft()
        self._bars = bars(console, disable=not console.is_terminal)
        self._runs = self._bars.add_task("runs", total=total, completed=done, done=done, left=self._time_left.seconds)

    def __enter__(self) -> LiveProgress:
        self._bars.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bars.stop()

    def __call__(self, worker: int, event: Event) -> None:
        """Shows what a worker tells; the bar of runs counts the epochs of those under way."""
        if event.what == "note":
            if event.text not in self._notes:
                self.console.say(event.text, "dim")
            self._notes.add(event.text)
            return
        if event.what == "quiet":
            self._warn(event)
            return
        if event.what in ("epoch", "encode"):
            self._line(worker, event)
            self._under_way[worker] = event.runs * event.done / max(1, event.total)
        else:
            self._under_way.pop(worker, None)
            if worker in self._lines:
                self._bars.update(self._lines[worker], visible=False)
            self.done += event.finished
        completed = min(self.total, self.done + sum(self._under_way.values()))
        trained = (completed - self._before) / max(1, self.total - self._before)
        if event.what == "encode":
            self._time_left.encoded(worker, event.done, trained)
        else:
            self._time_left.trained(trained)
        self._bars.update(self._runs, completed=completed, done=self.done)
        if event.what == "failed":
            self.console.say(f"failed {event.text}", "red")
        if event.what == "died":
            self._warn(event)
        if event.what in ("finished", "failed"):
            self._say(f"{self.done}/{self.total} runs done{self._left()}")
        elif time.monotonic() - self._said > PAUSE:
            self._say(f"{event.device}: {event.text}{self._left()}")

    def _warn(self, event: Event) -> None:
        line = f"{event.device}: {event.text}"
        self.console.say(line, "yellow")

    def _say(self, line: str) -> None:
        if not self.console.is_terminal:
            self.console.say(line)
        self._said = time.monotonic()

    def _left(self) -> str:
        left = self._time_left.seconds()
        if not left or self.done >= self.total:
            return ""
        return f", about {in_time(left)} left"

    def _line(self, worker: int, event: Event) -> None:
        text = f"{event.device}: {event.text}"
        if worker not in self._lines:
            self._lines[worker] = self._bars.add_task(text, total=event.total)
        line = self._lines[worker]
        self._bars.update(line, description=text, total=event.total, completed=event.done, visible=True)
