"""What ends a command before its time."""

from __future__ import annotations

import signal

from datamodules.errors import UserError


class BadInput(UserError):
    """What was wrong, where, and what would be right: the command line prints it and exits with 2."""


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM; not a KeyboardInterrupt, which Lightning would turn into an exit of its own."""

    def __init__(self, number: int = signal.SIGINT) -> None:
        super().__init__(number)
        self.number = number
