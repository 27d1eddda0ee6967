"""Runs the examples in the docstrings, with `np` and `torch` imported, and holds the pure functions to having one."""

from __future__ import annotations

import doctest
import inspect
import io
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

ROOT = Path(__file__).parents[1]
PACKAGES = ("benchmark", "datamodules", "methods", "promptnoise")
PURE = (
    *(f"methods.functional.{name}" for name in ("losses", "mixture", "pseudo_labels", "transport")),
    *(f"datamodules.{name}" for name in ("fewshot", "names", "paradigms", "seeds")),
    "benchmark.analysis.ranking",
)


def modules_with_examples() -> Iterator[ModuleType]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if ">>> " in path.read_text(encoding="utf-8"):
                parts = path.relative_to(ROOT).with_suffix("").parts
                yield import_module(".".join(part for part in parts if part != "__init__"))


def examples() -> list[doctest.DocTest]:
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [
        test
        for module in modules_with_examples()
        for test in finder.find(module, extraglobs={"np": np, "torch": torch})
    ]
    return [test for test in found if test.examples]


@pytest.mark.parametrize("example", examples(), ids=lambda example: example.name)
def test_an_example_in_a_docstring_gives_what_it_shows(example: doctest.DocTest) -> None:
    report = io.StringIO()
    failed, tried = doctest.DocTestRunner().run(example, out=report.write)
    assert tried and not failed, report.getvalue()


def test_every_example_begins_a_line_so_that_it_is_found() -> None:
    lines = [
        f"{path}: {line.strip()}"
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if ">>> " in line.lstrip()[1:]
    ]
    assert not lines


@pytest.mark.parametrize("name", PURE)
def test_every_public_pure_function_has_an_example(name: str) -> None:
    module = import_module(name)
    functions = inspect.getmembers(module, lambda member: inspect.isfunction(member) and member.__module__ == name)
    missing = [own for own, function in functions if not own.startswith("_") and ">>> " not in (function.__doc__ or "")]
    assert functions and not missing
