"""What the follower's process runs: log what is finished, again and again, until standard input is closed."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from threading import Event, Thread

from benchmark.errors import BadInput
from benchmark.tracking.logging_records import PATIENCE, sync
from benchmark.tracking.mode import parse_mode
from benchmark.tracking.target import Target

#: Seconds between two looks at the results folder.
PAUSE = 3.0
#: While training goes on, each second of processor time is followed by so many of rest. A low priority alone would
#: not do: where Linux groups processes by session it counts within one only, and W&B's own process has its own.
REST = 20.0


def main() -> int:
    """Returns 0 if everything that was finished when standard input closed is logged."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    os.setpgrp()  # Ctrl-C in the terminal is for the training process, which then ends this one
    os.nice(19)
    out, mode, project, campaign, entity, *tags = sys.argv[1:]
    target = Target(Path(out), parse_mode(mode), project, campaign, entity, tuple(tags))
    ended = Event()
    Thread(target=_wait_for_the_end, args=(ended,), daemon=True).start()
    failures = 0
    try:
        while not ended.is_set() and failures < PATIENCE:
            failures = failures + 1 if sync(target, stop=ended, finish=False, rest=REST).cause else 0
            ended.wait(PAUSE)
        ended.wait()
        synced = sync(target)
    except BadInput as error:
        logging.getLogger(__name__).warning("%s", error)
        return 1
    return 1 if synced.cause or synced.left else 0


def _wait_for_the_end(ended: Event) -> None:
    sys.stdin.buffer.read()
    ended.set()
