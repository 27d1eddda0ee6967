"""What a worker tells while it works."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something happened on a device: `what` is "epoch", "encode", "finished" or "failed"."""

    device: str
    what: str
    text: str = ""
    epoch: int = 0
    epochs: int = 0
    finished: int = 0
