"""What was reached in making the house small stays: HOUSE's figures, and arrows that import-linter cannot say."""

from __future__ import annotations

import pytest

from tests.support import house

#: No figure may grow over its bound; who brings one down brings its bound down, too.
BOUNDS = {
    "lines of Python": 34_700,
    "circles of imports": 0,
    "functions over 40 lines": 0,
    "functions with over 8 parameters": 0,
    "most parameters": 8,
    "files that know the axes of a Run": 5,
    "files that know the columns of a table": 12,
    "file names used more than once": 11,
    "most classes that a method is made of": 5,
    "methods with a diamond": 0,
    "modules that coop imports": 86,
    "lines of coop.py": 67,
    "files without a test of their name": 0,
}


@pytest.fixture(scope="module")
def figures() -> dict[str, int]:
    return house.figures()


@pytest.mark.parametrize("name", BOUNDS)
def test_what_was_reached_is_kept(figures: dict[str, int], name: str) -> None:
    assert figures[name] <= BOUNDS[name], "`python -m tests.support.house -v` names what is counted"


def test_every_figure_has_its_history(figures: dict[str, int]) -> None:
    assert list(house.BEFORE) == list(figures)


def test_what_methods_are_made_of_knows_no_method() -> None:
    graph = house.imports()
    files = {f"methods.{name}" for name in house.method_classes()}
    assert "methods.coop" in files
    for room in ("methods.core", "methods.clip", "methods.functional", "methods.errors"):
        for module in {room, *graph.find_descendants(room)}:
            assert not files & graph.find_modules_directly_imported_by(module), module
