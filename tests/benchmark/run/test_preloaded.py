"""What workers are copied from has all that they need, and a collector that runs."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from importlib import import_module

import pytest


def test_a_worker_is_imported_and_the_collector_runs_past_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "benchmark.run.preloaded", raising=False)
    import_module("benchmark.run.preloaded")
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    assert "benchmark.run.training" in sys.modules
    assert gc.isenabled() and frozen > 100_000


def test_ctrl_c_does_not_reach_what_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.delitem(sys.modules, "benchmark.run.preloaded", raising=False)
    monkeypatch.setattr("importlib.import_module", lambda _: os.kill(os.getpid(), signal.SIGINT))
    __import__("benchmark.run.preloaded")
    gc.unfreeze()
    assert signal.getsignal(signal.SIGINT) is before


def test_what_workers_are_copied_from_ends_without_a_word() -> None:
    code = "import benchmark.run.preloaded, sys, torch; print('ready')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert (ended.stdout, ended.stderr) == ("ready\n", "")
