"""One thread, and workers that import torch once: what costs a user a moment is paid here hundreds of times."""

import gc
import multiprocessing
import multiprocessing.spawn
import os
import sys

import pytest

from tests.support.zygote import open_zygote, python

# The tensors of the tests are tiny, and a second thread on a busy machine makes them ten times slower.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Where bytecode is not written, each of hundreds of processes would compile the suite anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# As the command line does, whichever test is the first to start a worker.
multiprocessing.set_forkserver_preload(["benchmark.run.preloaded"])
open_zygote()
multiprocessing.spawn.set_executable(python())

# Imports make no cycles worth a search: that is a fifth of the time to collect the tests.
gc.disable()
gc.set_threshold(50_000, 20, 20)

pytest_plugins = ["tests.support.plugins"]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores, at most 8: tests that wait for a process leave theirs to another."""
    return min((os.cpu_count() or 1) + 1, 8)


def pytest_configure(config: pytest.Config) -> None:
    """The processes of xdist are copies, too."""
    if getattr(config.option, "tx", None):
        config.option.tx = [f"popen//python={python()}" if spec == "popen" else spec for spec in config.option.tx]


def pytest_collection_finish() -> None:
    """Collections begin with the tests."""
    gc.enable()


@pytest.fixture(scope="module", autouse=True)
def what_is_there_stays() -> None:
    """A collection, which every pack of runs ends with, looks at what the tests of one file made alone."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Else nanobind lists all that triton holds as leaks."""
    gc.unfreeze()
