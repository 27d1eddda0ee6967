"""What import-linter's contracts in pyproject.toml cannot say, since a method needs no entry there."""

from __future__ import annotations

from pathlib import Path

import grimp

import methods


def test_what_methods_are_made_of_knows_no_method() -> None:
    graph = grimp.build_graph("methods")
    files = {f"methods.{path.stem}" for path in Path(methods.__file__).parent.glob("[!_]*.py")} - {"methods.errors"}
    assert "methods.coop" in files
    for room in ("methods.core", "methods.clip", "methods.functional", "methods.errors"):
        for module in {room, *graph.find_descendants(room)}:
            assert not files & graph.find_modules_directly_imported_by(module), module
