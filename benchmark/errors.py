"""What ends a command before its time."""


class BadInput(ValueError):
    """What was wrong, where, and what would be right: the command line prints it and exits with 2."""


class Interrupted(BaseException):
    """Ctrl-C; not a KeyboardInterrupt, which Lightning would turn into an exit of its own."""
