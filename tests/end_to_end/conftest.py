"""What whole commands share: methods of another package, and folders to work in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmark.plan import method_catalog

PlugIn = Callable[[str, str], None]
GROUP = "promptnoise.methods"


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PlugIn]:
    """Installs a method `name` with this code as another package would, for this process and its workers."""
    site = tmp_path / "site"
    modules: list[str] = []

    def install(name: str, code: str) -> None:
        about = site / f"promptnoise_{name}-0.1.dist-info"
        about.mkdir(parents=True)
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: promptnoise-{name}\nVersion: 0.1\n")
        (about / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = promptnoise_{name}\n")
        (site / f"promptnoise_{name}.py").write_text(code)
        modules.append(f"promptnoise_{name}")
        monkeypatch.syspath_prepend(site)
        forget()

    def forget() -> None:
        method_catalog.scan.cache_clear()
        method_catalog._imported.cache_clear()

    yield install
    monkeypatch.undo()
    for module in modules:
        sys.modules.pop(module, None)
    forget()
