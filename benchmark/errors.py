"""What ends a command before its time."""

from datamodules.errors import UserError


class BadInput(UserError):
    """What was wrong, where, and what would be right: the command line prints it and exits with 2."""


class Interrupted(BaseException):
    """Ctrl-C; not a KeyboardInterrupt, which Lightning would turn into an exit of its own."""
