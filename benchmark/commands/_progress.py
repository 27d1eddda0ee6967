"""Progress of what is counted, on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import Progress


@contextmanager
def encoding(progress: Progress, what: str, images: int) -> Iterator[Callable[[str, int, int, float], None]]:
    """A bar of images, or of the more views of them; yields what a feature bank calls: what it has counts as done."""
    task = progress.add_task(f"encoding {what}", total=images)
    yield lambda _, done, total, rate: progress.update(
        task, total=max(images, total), completed=max(images - total, 0) + done
    )
    progress.update(task, total=images, completed=images)


def starting(progress: Progress) -> Callable[[str, int], Callable[[], None]]:
    """Makes a bar for a job of so many steps, and returns what is called after each."""

    def start(what: str, steps: int) -> Callable[[], None]:
        task = progress.add_task(what, total=steps)
        return lambda: progress.advance(task)

    return start
