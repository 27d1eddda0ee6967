"""What the process that workers are copied from imports; Ctrl-C meanwhile is its parent's to answer."""

import atexit
import gc
import signal
from importlib import import_module

from benchmark.uncollected import without_collection

before = signal.signal(signal.SIGINT, signal.SIG_IGN)
with without_collection():
    import_module("benchmark.run.worker")
    gc.freeze()  # else every worker would search it all at its first step
    atexit.register(gc.unfreeze)  # else nanobind lists all that triton holds as leaks, after the last line of a command
signal.signal(signal.SIGINT, before)
