"""Counts what keeps the house small: `python -m tests.support.house` prints before, now and the aim.

`tests/test_house.py` holds the bounds, so that an aim that was reached is not lost.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import grimp
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

PACKAGES = ("benchmark", "methods", "datamodules")
#: Rooms where each file has a test of its name, in the same place below `tests`.
MIRRORED = ("methods/core", "methods/functional", *(f"benchmark/{room}" for room in (
    "run", "records", "plan", "audit", "analysis")))  # fmt: skip
#: Columns that only a leaderboard has: a file that spells one as a string knows the columns.
COLUMNS = {"std", "rank", "collapsed", "realised"}
LONGEST_FUNCTION = 40
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def files() -> dict[str, ast.Module]:
    """The production files below the working folder, by their paths."""
    return {
        str(path): ast.parse(path.read_text("utf-8")) for name in PACKAGES for path in sorted(Path(name).rglob("*.py"))
    }


def lines(below: str = "") -> int:
    """Lines of Python of the files whose paths start so, with comments and empty ones."""
    return sum(len(Path(path).read_text("utf-8").splitlines()) for path in files() if path.startswith(below))


@cache
def imports() -> grimp.ImportGraph:
    """Which module imports which, without those for types alone."""
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)


def circles() -> list[list[str]]:
    """Sets of modules that import each other, imports inside functions included."""
    graph = imports()
    names = sorted(graph.modules)
    place = {name: number for number, name in enumerate(names)}
    arrows = [(place[name], place[other]) for name in names for other in graph.find_modules_directly_imported_by(name)]
    matrix = csr_array(([1] * len(arrows), tuple(zip(*arrows, strict=True))), shape=(len(names), len(names)))
    parts = connected_components(matrix, connection="strong")[1]
    return [[n for n in names if parts[place[n]] == part] for part, size in Counter(parts).items() if size > 1]


def closure(module: str) -> int:
    """How many of our modules are imported where `module` is."""
    return len(imports().find_upstream_modules(module))


def _functions() -> Iterator[tuple[str, _Function, bool]]:
    """Functions with their names, `file: Class.function`, and whether they belong to a class."""
    for path, tree in files().items():
        owner = {f: f"{c.name}." for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for f in c.body}
        for node in ast.walk(tree):
            if isinstance(node, _Function):
                yield f"{path}: {owner.get(node, '')}{node.name}", node, node in owner


def long_functions() -> list[str]:
    """Functions over `LONGEST_FUNCTION` lines, docstrings included."""
    return [name for name, node, _ in _functions() if (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION]


def parameters() -> Counter[str]:
    """Parameters by function, without `self` and the like."""
    found: Counter[str] = Counter()
    for name, node, method in _functions():
        bound = method and not any(isinstance(d, ast.Name) and d.id == "staticmethod" for d in node.decorator_list)
        given = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        found[name] = max(found[name], len(given) - bound)
    return found


def knowing_axes() -> list[str]:
    """Files that read an axis of a Run by its name."""
    return [path for path, tree in files().items()
            if any(isinstance(node, ast.Attribute) and node.attr == "paradigm" for node in ast.walk(tree))]  # fmt: skip


def knowing_columns() -> list[str]:
    """Files of `benchmark` that spell a column of a leaderboard."""
    return [path for path, tree in files().items()
            if path.startswith("benchmark/") and not path.startswith("benchmark/pretrain")
            if any(isinstance(node, ast.Constant) and node.value in COLUMNS for node in ast.walk(tree))]  # fmt: skip


def same_names() -> list[str]:
    """File names that stand more than once."""
    return sorted(n for n, count in Counter(Path(p).name for p in files()).items() if count > 1 and n != "__init__.py")


def _ours(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in PACKAGES


def _paths(kind: type, to: type) -> int:
    return 1 if kind is to else sum(_paths(base, to) for base in kind.__bases__ if _ours(base))


def method_classes() -> dict[str, type]:
    """The class `Method` of each method."""
    names = [p.stem for p in sorted(Path("methods").glob("[!_]*.py"))]
    found = {name: import_module(f"methods.{name}") for name in names}
    return {name: module.Method for name, module in found.items() if hasattr(module, "Method")}


def chains() -> Counter[str]:
    """How many classes of ours a method is made of, itself included."""
    return Counter({name: sum(map(_ours, kind.__mro__)) for name, kind in method_classes().items()})


def diamonds() -> list[str]:
    """Methods that inherit one of our classes by two ways."""
    return [name for name, kind in method_classes().items()
            if any(_paths(kind, base) > 1 for base in kind.__mro__ if _ours(base))]  # fmt: skip


def untested() -> list[str]:
    """Files of `MIRRORED` rooms without a test of their name; an `__init__` only where it defines something."""
    found = []
    for path, tree in files().items():
        where = Path(path)
        if not path.startswith(tuple(f"{room}/" for room in MIRRORED)):
            continue
        if where.name == "__init__.py":
            defines = any(isinstance(node, ast.ClassDef | _Function) for node in tree.body)
            wanted, name = defines, where.parent.name
        else:
            wanted, name = True, where.stem.lstrip("_")
        if wanted and not Path("tests", where.parent, f"test_{name}.py").exists():
            found.append(path)
    return found


def figures() -> dict[str, int]:
    """All figures of the table, by name."""
    wide = parameters()
    return {
        "lines of Python": lines(),
        **{f"  {package}": lines(f"{package}/") for package in PACKAGES},
        "circles of imports": len(circles()),
        "functions over 40 lines": len(long_functions()),
        "functions with over 8 parameters": sum(count > 8 for count in wide.values()),
        "most parameters": max(wide.values()),
        "files that know the axes of a Run": len(knowing_axes()),
        "files that know the columns of a table": len(knowing_columns()),
        "file names used more than once": len(same_names()),
        "most classes that a method is made of": max(chains().values()),
        "methods with a diamond": len(diamonds()),
        "modules that coop imports": closure("methods.coop"),
        "lines of coop.py": lines("methods/coop.py"),
        "files without a test of their name": len(untested()),
    }


#: By name: at 5e53e1e, when the survey was made; at 046ecb8, before the rebuilding; and the aim.
BEFORE: dict[str, tuple[int, int, str]] = {
    "lines of Python": (26714, 30659, "10 % fewer"),
    "  benchmark": (15668, 17185, ""),
    "  methods": (5719, 6695, ""),
    "  datamodules": (5327, 6779, ""),
    "circles of imports": (1, 1, "0"),
    "functions over 40 lines": (6, 9, "0"),
    "functions with over 8 parameters": (1, 1, "0"),
    "most parameters": (17, 17, "8"),
    "files that know the axes of a Run": (22, 22, "6"),
    "files that know the columns of a table": (13, 13, "2"),
    "file names used more than once": (36, 41, "15"),
    "most classes that a method is made of": (7, 7, "5"),
    "methods with a diamond": (22, 22, "0"),
    "modules that coop imports": (61, 71, "fewer"),
    "lines of coop.py": (15, 15, "shows CoOp"),
    "files without a test of their name": (76, 78, "0"),
}


def main() -> None:
    """Print the table; with `-v` what was counted, too."""
    print(f"{'':42}{'survey':>8}{'before':>8}{'now':>8}  aim")
    for name, value in figures().items():
        survey, before, aim = BEFORE[name]
        print(f"{name:42}{survey:>8}{before:>8}{value:>8}  {aim}")
    if "-v" in sys.argv:
        listed = (circles, long_functions, knowing_axes, knowing_columns, same_names, diamonds, untested)
        for count in listed:
            print(f"\n{count.__doc__}", *count(), sep="\n  ")
        for most in (parameters, chains):
            print(f"\n{most.__doc__}", *(f"{count} {name}" for name, count in most().most_common(12)), sep="\n  ")


if __name__ == "__main__":
    main()
