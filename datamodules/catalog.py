"""Temporary."""

import pkgutil
from importlib import import_module

from datamodules import datasets
from datamodules.errors import unknown


def known():
    return sorted(m.name for m in pkgutil.iter_modules(datasets.__path__))


def check(spec):
    if spec not in known():
        raise unknown("data set", spec, known())


def status(name, root=None):
    return "ready"


def open_dataset(spec, root=None):
    check(spec)
    return import_module("datamodules.datasets." + spec).load()
