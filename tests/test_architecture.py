"""docs/architecture.md names files, classes and functions that exist."""

from __future__ import annotations

import re
from functools import reduce
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")


def test_every_file_and_name_on_the_page_exists() -> None:
    found = re.findall(r"`([\w/]+)\.py: ([\w.]+)`", PAGE)
    assert len(found) > 30
    for path, name in found:
        module = import_module(path.removesuffix("/__init__").replace("/", "."))
        reduce(getattr, name.split("."), module)


def test_every_room_is_on_the_page() -> None:
    rooms = {
        path.parent.name
        for package in ("benchmark", "datamodules", "methods")
        for path in ROOT.glob(f"{package}/*/*.py")
    }
    assert {room for room in rooms if not re.search(rf"\b{room}\b", PAGE)} == set()
