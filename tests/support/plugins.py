"""Packages of others that are installed for one test: an entry point group, a name in it, and the module's code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.plan import method_catalog
from benchmark.plan.method_spec import parse_method
from datamodules import plugins
from methods.options.former_names import former_names

Install = Callable[[str, str, str], None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs NAME with this code in the group `promptnoise.GROUP`, for this process and its workers."""
    site = tmp_path / "site"
    before = set(sys.modules)

    def installed(group: str, name: str, code: str) -> None:
        about = site / f"promptnoise_{name}-0.1.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: promptnoise-{name}\nVersion: 0.1\n")
        (about / "entry_points.txt").write_text(f"[promptnoise.{group}]\n{name} = promptnoise_{name}\n")
        (site / f"promptnoise_{name}.py").write_text(code)
        monkeypatch.syspath_prepend(site)
        forget()

    def forget() -> None:
        for cached in (
            former_names,
            parse_method,
            method_catalog.scan,
            method_catalog._imported,
            plugins._modules,
            plugins.tree,
        ):
            cached.cache_clear()

    yield installed
    monkeypatch.undo()
    for module in set(sys.modules) - before:
        if module.startswith("promptnoise_"):
            sys.modules.pop(module)
    forget()
