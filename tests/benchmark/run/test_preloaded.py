"""What workers are copied from has all that they need, and a collector that runs."""

from __future__ import annotations

import gc
import sys
from importlib import import_module


def test_a_worker_is_imported_and_the_collector_runs() -> None:
    import_module("benchmark.run.preloaded")
    assert "benchmark.run.training" in sys.modules
    assert gc.isenabled()
