"""Bad input that the methods or the backbone find; the message says what would be right. Imports no torch."""

from datamodules.errors import UserError


class MethodError(UserError):
    """An option, or a combination of options, that a method does not take."""


class UnsupportedError(MethodError):
    """A method that cannot run on this backbone, whatever its options; others can."""


class BackboneError(UserError):
    """A backbone that cannot be loaded, or that cannot be prompted."""
