"""Errors for bad input to methods and backbones; the message says what would be right. Imports no torch."""

from datamodules.errors import UserError


class MethodError(UserError):
    """An invalid option, or combination of options, of a method."""


class UnsupportedError(MethodError):
    """A method that cannot run on this backbone, whatever its options."""


class BackboneError(UserError):
    """A backbone that cannot be loaded or does not support prompts."""


class RecipeError(UserError):
    """A recipe, or an option of one, that does not exist or takes no such value."""
