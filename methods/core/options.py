"""Stub until the options branch is merged."""

from __future__ import annotations

from typing import Any


def check_options(cls: type, options: dict[str, Any]) -> dict[str, Any]:
    """The options as attributes."""
    return options
