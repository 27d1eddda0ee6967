"""The protocols of papers: every file `benchmark/published/NAME.toml` is the grid of one paper. Imports no torch."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from benchmark.errors import BadInput
from datamodules import reading
from datamodules.errors import nearest
from datamodules.names import parse_spec

FOLDER = Path(__file__).parent
#: What a [[grid]] of a paper sets, or the top of its file for all of them; `template` is that of zero-shot CLIP.
AXES = ("methods", "datasets", "noise", "noise_type", "paradigm", "shots", "seeds", "backbone", "recipe", "template")
DEFAULTS = {"paradigm": ["fewshot"], "template": "", "noise": [0], "noise_type": ["none"]}
ABOUT = ("title", "source", "theirs", "reruns", "settings_of", "notes", "grid", "setting")
CONDITIONS = ("methods", "datasets", "noise_type", "noise")


@dataclass(frozen=True)
class Point:
    """One cell of a paper's tables: `method` with its options is what trains, `label` what the numbers call it.

    `noise` is "none" where the paper has no wrong labels, and else also at rate 0 the kind of its other rates.
    """

    label: str
    method: str
    dataset: str
    noise: str
    rate: float
    paradigm: str
    shots: int
    backbone: str
    recipe: str
    seeds: tuple[int, ...]
    template: str = ""


@dataclass(frozen=True)
class Paper:
    """A paper's grid, and what is known of it.

    `theirs` and `reruns` name the files with the paper's own numbers and with those of others who ran its code again;
    `notes` are the known differences between our runs and the paper's, and what of its protocol is not known.
    """

    name: str
    title: str
    source: str
    theirs: tuple[str, ...]
    reruns: tuple[str, ...]
    notes: tuple[str, ...]
    points: tuple[Point, ...]


def known() -> list[str]:
    """The names of all papers."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def paper(name: str) -> Paper:
    """The paper of this name.

    Raises BadInput: There is none (the message has the nearest name), or its file sets what there is not.
    """
    if name not in known():
        raise BadInput(f"unknown paper {name!r}: {nearest(name, known())}")
    content = _read(name)
    settings = [*(_read(content["settings_of"])["setting"] if "settings_of" in content else ())]
    settings += content.get("setting", [])
    points: dict[Point, None] = {}
    for grid in content["grid"]:
        for point in _points({**DEFAULTS, **_axes(content), **grid}, settings):
            points[point] = None
    theirs, reruns, notes = (tuple(content[key]) for key in ("theirs", "reruns", "notes"))
    return Paper(name, content["title"], content["source"], theirs, reruns, notes, tuple(points))


def _read(name: str) -> dict[str, Any]:
    content = tomllib.loads(reading.read_text(FOLDER / f"{name}.toml"))
    _check(name, content, (*ABOUT, *AXES))
    for grid in content["grid"]:
        _check(name, grid, AXES)
    for setting in content.get("setting", ()):
        _check(name, setting, (*CONDITIONS, "options"))
    return content


def _check(name: str, table: Mapping[str, object], allowed: Sequence[str]) -> None:
    for key in table:
        if key not in allowed:
            raise BadInput(f"{FOLDER / name}.toml: there is no {key!r}; {nearest(key, allowed)}")


def _axes(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in AXES if key in content}


def _points(grid: Mapping[str, Any], settings: Sequence[Mapping[str, Any]]) -> Iterator[Point]:
    order = ("backbone", "paradigm", "datasets", "noise_type", "methods", "noise", "shots")
    for backbone, paradigm, dataset, kind, label, rate, shots in product(*(grid[axis] for axis in order)):
        values = {"methods": label, "datasets": dataset, "noise_type": kind, "noise": rate}
        method = label
        for setting in settings:
            if all(values[key] in setting[key] for key in CONDITIONS if key in setting):
                method = _with_options(method, setting["options"])
        yield Point(
            label, method, dataset, kind, float(rate), paradigm, shots, backbone,
            grid["recipe"], tuple(grid["seeds"]), grid["template"],
        )  # fmt: skip


def _with_options(method: str, options: str) -> str:
    """The method with these options, which win over those that it has.

    >>> _with_options("joapr[warmup=20]", "alpha1=0.1,warmup=10")
    'joapr[warmup=10,alpha1=0.1]'
    """
    name, own = parse_spec(method)
    merged = own | parse_spec(f"{name}[{options}]")[1]
    return f"{name}[{','.join(f'{key}={value}' for key, value in merged.items())}]"
