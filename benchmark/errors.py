"""Bad input, told in one line."""


class BadInput(ValueError):
    """What was wrong, where, and what would be right: the command line prints it and exits with 2."""
