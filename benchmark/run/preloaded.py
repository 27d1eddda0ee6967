"""What the process that workers are copied from imports."""

from importlib import import_module

from benchmark.uncollected import without_collection

with without_collection():
    import_module("benchmark.run.worker")
