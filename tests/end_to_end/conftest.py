"""What whole commands share: methods of another package."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.plugins import Install

PlugIn = Callable[[str, str], None]


@pytest.fixture
def plug_in(install: Install) -> PlugIn:
    """Installs a method `name` with this code as another package would, for this process and its workers."""
    return partial(install, "methods")
