"""What a worker tells while it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something happened on a device.

    `what` is "encode" or "epoch", with `done` of `total` steps, "finished" or "failed", with the number of runs that
    came to an end, or "note". `runs` are those that an epoch is about.
    """

    device: str
    what: str
    text: str = ""
    done: int = 0
    total: int = 0
    finished: int = 0
    runs: int = 0
