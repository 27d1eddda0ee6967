"""Where the real material for tests lies: a folder `shared` beside the repository, or PROMPTNOISE_SHARED."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("PROMPTNOISE_SHARED", Path(__file__).parents[2].parent / "shared"))
needs_shared = pytest.mark.skipif(not (SHARED / "data").is_dir(), reason=f"no real material in {SHARED}")
