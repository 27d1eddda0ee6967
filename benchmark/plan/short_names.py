"""Names short enough for pictures, tables and the terminal: a folder's last part, not its path."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath

from datamodules.errors import DataError
from datamodules.names import parse_spec


def short_names(datasets: Iterable[str]) -> dict[str, str]:
    """A short name for each data set or backbone: its option `name`, else the last part of its path or on the hub.

    Where two would be the same, one more part is shown, and else the whole name.

    >>> short_names(["folder:/data/pets", "folder:/data/x[name=Cars]", "hf:someone/flowers", "dtd"])
    {'folder:/data/pets': 'pets', 'folder:/data/x[name=Cars]': 'Cars', 'hf:someone/flowers': 'flowers', 'dtd': 'dtd'}
    >>> short_names(["folder:/a/pets", "folder:/b/pets"])
    {'folder:/a/pets': 'a/pets', 'folder:/b/pets': 'b/pets'}
    >>> short_names(["local-dir:/models/clip", "RN50:/x/last.pt[name=best]", "RN50/openai"])
    {'local-dir:/models/clip': 'clip', 'RN50:/x/last.pt[name=best]': 'best', 'RN50/openai': 'RN50/openai'}
    >>> short_names(["features", "features:/data/pets.npz"])
    {'features': 'features', 'features:/data/pets.npz': 'pets'}
    """
    found = {dataset: dataset for dataset in datasets}
    left = list(found)
    for parts in (1, 2):
        names = {dataset: _short(dataset, parts) for dataset in left}
        taken = Counter([*names.values(), *(found[dataset] for dataset in found if dataset not in names)])
        found |= {dataset: name for dataset, name in names.items() if taken[name] == 1}
        left = [dataset for dataset in left if taken[names[dataset]] > 1]
    return found


def short_name(name: str) -> str:
    """The short name of one data set or backbone."""
    return short_names([name])[name]


def short_noise(noise: str) -> str:
    """A kind of noise without brackets.

    >>> short_noise("human[labels=worse]"), short_noise("symmetric")
    ('human (worse)', 'symmetric')
    """
    try:
        name, options = parse_spec(noise)
    except DataError:
        return noise
    return f"{name} ({', '.join(options.values())})" if options else name


def without_folders(text: str) -> str:
    """A name or caption with the last part of each path in it.

    >>> without_folders("matrix[file=/home/me/T.csv]"), without_folders("ViT-B-16/openai")
    ('matrix[file=T.csv]', 'ViT-B-16/openai')
    """
    return re.sub(r"(?<![\w.-])[/~](?:[^,;()\[\]=]*/)?", "", text)


def percent(rate: float | None) -> str:
    """A noise rate, 0 to 1, in percent to one decimal; "unknown" where it is None.

    >>> percent(0.125), percent(0.40625), percent(None)
    ('12.5 %', '40.6 %', 'unknown')
    """
    return "unknown" if rate is None else f"{round(100 * rate, 1):g} %"


def _short(dataset: str, parts: int) -> str:
    try:
        name, options = parse_spec(dataset)
    except DataError:
        return dataset
    kind, _, place = name.partition(":")
    is_file = kind == "features" or (PurePath(place).is_absolute() and kind not in ("folder", "hf", "local-dir"))
    if not place or (not is_file and kind not in ("folder", "hf", "local-dir")):
        return name if parts == 1 else dataset
    if "name" in options:
        return options["name"] if parts == 1 else dataset
    if is_file:
        place = str(PurePath(place).with_suffix(""))
    return "/".join(PurePath(place).parts[-parts:]) or dataset
