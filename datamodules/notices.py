"""What is said aside while data are opened: once, however often and in however many processes they are."""

from __future__ import annotations

import multiprocessing
from functools import cache
from logging import Logger

#: What came up in this worker process and its parent cannot know, in order.
FOUND: dict[str, None] = {}


def say_once(logger: Logger, text: str) -> None:
    """Warns of something, unless it was said before or this is a worker process, whose parent has said it."""
    if multiprocessing.parent_process() is None:
        _said(logger, text)


def tell_once(logger: Logger, text: str) -> None:
    """Warns of something that shows while pictures are read; in a worker process it is `FOUND`, to be reported."""
    say_once(logger, text)
    FOUND[text] = None


@cache
def _said(logger: Logger, text: str) -> None:
    logger.warning("%s", text)
