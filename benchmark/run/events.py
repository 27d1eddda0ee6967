"""What a worker tells while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Report = Callable[[Any], None]
"""Takes an event, or whatever else a job reports."""


@dataclass(frozen=True)
class Event:
    """Something happened on a device.

    `what` is "encode" or "epoch", with `done` of `total` steps, "finished" or "failed", with the number of runs that
    came to an end, "died" for the worker, "quiet" where nothing has happened for long, or "note". `runs` are those that
    an epoch is about.
    """

    device: str
    what: str
    text: str = ""
    done: int = 0
    total: int = 0
    finished: int = 0
    runs: int = 0
