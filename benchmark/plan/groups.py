"""Names for several methods, data sets or seeds at once: `all`, `robust`, `coop11`, `1-5`. Imports no torch."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from benchmark.errors import BadInput
from benchmark.plan import method_catalog
from datamodules import catalog
from datamodules.foreign import LONGEST_NAME, one_line
from datamodules.formats.arrays import holds

#: The array that makes a file one of features.
FEATURES = "train_features"
#: A range of more numbers than this is a mistake.
MOST = 10_000


def method_groups() -> dict[str, Sequence[str]]:
    """The groups of methods, by name."""
    known = method_catalog.methods()
    return {
        "all": list(known),
        "robust": [name for name, info in known.items() if info.file.get("MADE_FOR_WRONG_LABELS")],
        "features": [form for info in known.values() for form in _able(info)],
    }


def _able(info: method_catalog.MethodInfo) -> list[str]:
    """The method, or with options, if it needs no tower so."""
    forms = [{}, *({option: value} for option, value in info.spares({}))]
    return [info.canonical(form) for form in forms if info.needs(form) in ("features", "texts")][:1]


def methods(names: Sequence[str]) -> list[str]:
    """Names of methods, each group replaced by its members; a method that is named as a group is itself."""
    return _expanded(names, method_groups(), method_catalog.methods())


def datasets(names: Sequence[str], data: Path | None = None) -> list[str]:
    """Names of data sets, each group replaced by its members; `features` are all files of features in `data`.

    Raises BadInput: there are none.

    >>> datasets(["embedded", "dtd"])
    ['combos', 'digits', 'flipped', 'tilted', 'dtd']
    """
    groups = {**catalog.groups(), **({"features": _files(data)} if "features" in names and data else {})}
    return list(dict.fromkeys(map(catalog.canonical, _expanded(names, groups, catalog.known()))))


def passed_over(names: Sequence[str], data: Path) -> list[str]:
    """A line that names the files in `data` that could hold features and do not, where `features` is asked for."""
    others = [path.name for path in _candidates(data) if not holds(path, FEATURES)] if "features" in names else []
    if not others:
        return []
    return [f"{', '.join(others)} in {data}: no {FEATURES} in {'it' if len(others) == 1 else 'them'}"]


def _files(data: Path) -> list[str]:
    if found := [f"features:{path}" for path in files_of_features(data)]:
        return found
    state = "holds no files of features" if data.is_dir() else "is not there"
    raise BadInput(f"{data} {state}; name a folder of files of features with --data, or make one: promptnoise features")


def files_of_features(data: Path) -> list[Path]:
    """Files and folders of features in a folder, or the one that is meant itself."""
    return [path for path in _candidates(data) if holds(path, FEATURES)]


def _candidates(data: Path) -> list[Path]:
    if _is_folder_of_arrays(data) or not data.is_dir():
        return [data] if data.exists() else []
    inside = sorted(data.iterdir())
    return [path for path in inside if path.suffix in (".npz", ".safetensors") or _is_folder_of_arrays(path)]


def _is_folder_of_arrays(path: Path) -> bool:
    return path.is_dir() and holds(path, FEATURES)


def whole_numbers(option: str, parts: Sequence[str]) -> list[int]:
    """Whole numbers, each range `first-last` replaced by its numbers.

    Raises BadInput: not a whole number, or a range that ends before it begins or is very long.

    >>> whole_numbers("seeds", ["1-3", "7"])
    [1, 2, 3, 7]
    """
    found: list[int] = []
    for part in parts:
        if ends := re.fullmatch(r"(\d{1,19})\s*-\s*(\d{1,19})", part):
            first, last = map(int, ends.groups())
            if not first <= last < first + MOST:
                raise BadInput(f"{option}: {part!r} should be a range first-last of at most {MOST:,} numbers")
            found += range(first, last + 1)
            continue
        try:
            found.append(int(part))
        except ValueError:
            shown = one_line(part, LONGEST_NAME)
            raise BadInput(f"{option}: {shown!r} should be a whole number or a range such as 1-5") from None
    return found


def _expanded(names: Sequence[str], groups: Mapping[str, Sequence[str]], known: Collection[str]) -> list[str]:
    found = (each for name in names for each in (groups[name] if name in groups and name not in known else [name]))
    return list(dict.fromkeys(found))
