"""`promptnoise list`: show methods, recipes, data sets, and what is ready."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import NamedTuple

from benchmark.commands._app import BY_PLACE
from benchmark.plan import groups, method_catalog, suites
from benchmark.plan.shared_options import DATA
from benchmark.published import protocols
from benchmark.screen import Screen, table
from datamodules import catalog, noise
from datamodules.errors import unknown
from methods import recipes
from methods.options.option import as_text

GROUP = "set up"


@dataclass(frozen=True)
class Options:
    """Show methods with their options, recipes, suites, papers, data sets with what is missing, and label noise."""

    what: str = field(default="", metadata=BY_PLACE)
    """One of methods, recipes, suites, papers, datasets, noise; all of them without it."""

    word: str = field(default="", metadata=BY_PLACE)
    """Only rows in which this word stands, capitals or not."""

    json: bool = False
    """Print JSON: an object with a list of objects for each kind."""

    data: Path = DATA
    """Folder of real data sets, laid out as for CoOp."""


class Listing(NamedTuple):
    """A kind of thing that there is: title, columns, of which the first `left` are text, and rows."""

    title: str
    head: Sequence[str]
    rows: Sequence[tuple[str, ...]]
    left: int


def main(options: Options) -> int:
    """Prints a table for each kind, or JSON.

    Raises:
        UserError: there is no such kind.
    """
    if options.what and options.what not in LISTINGS:
        raise unknown("list", options.what, [*LISTINGS])
    console, word = Screen(), options.word.casefold()
    chosen = {name: make(options) for name, make in LISTINGS.items() if options.what in ("", name)}
    for name, own in chosen.items():
        chosen[name] = own._replace(rows=[row for row in own.rows if word in " ".join(row).casefold()])
    if options.json:
        rows = {name: [dict(zip(own.head, row, strict=True)) for row in own.rows] for name, own in chosen.items()}
        sys.stdout.write(json.dumps(rows, indent=1, ensure_ascii=False) + "\n")
        return 0
    for own in filter(lambda own: own.rows, chosen.values()):
        console.print(table(own.head, own.rows, own.title, left=own.left))
    if not any(own.rows for own in chosen.values()):
        console.say(f"nothing with {options.word!r} in it")
    for line in method_catalog.unreadable() if "methods" in chosen else ():
        console.say(f"left out: {line}", "yellow")
    for line in _groups() if not options.word and "datasets" in chosen else ():
        console.print(line, highlight=False)
    return 0


def _methods(_: Options) -> Listing:
    known = method_catalog.methods().values()
    rows = [(info.name, info.title, info.family, _defaults(info), info.summary) for info in known]
    return Listing("methods", ("method", "name", "family", "options", "what it is"), rows, 5)


def _recipes(_: Options) -> Listing:
    named = [(name, recipes.recipe(name)) for name in recipes.known()]
    rows = [(name, _settings(own), own.source) for name, own in named]
    return Listing("recipes", ("recipe", "settings", "source"), rows, 3)


def _suites(_: Options) -> Listing:
    rows = [(name, suites.about(path)) for name, path in suites.known().items()]
    return Listing("suites, for `promptnoise bench --suite=NAME`", ("suite", "what it is"), rows, 2)


def _papers(_: Options) -> Listing:
    rows = [(name, own.title, _grid(own)) for name in protocols.known() for own in [protocols.paper(name)]]
    return Listing("papers, for `promptnoise paper NAME`", ("paper", "title", "grid"), rows, 3)


def _datasets(options: Options) -> Listing:
    rows = [(name, catalog.status(name, options.data)) for name in catalog.known()]
    return Listing("data sets", ("data set", "state"), rows, 2)


def _noise(_: Options) -> Listing:
    rows = [(kind, noise.summary(kind)) for kind in noise.known()]
    return Listing("kinds of label noise", ("noise type", "what it is"), rows, 2)


LISTINGS: dict[str, Callable[[Options], Listing]] = {
    "methods": _methods, "recipes": _recipes, "suites": _suites, "papers": _papers, "datasets": _datasets,
    "noise": _noise,
}  # fmt: skip


def _groups() -> Iterator[str]:
    for name, members in {**catalog.groups(), "robust": groups.method_groups()["robust"]}.items():
        yield f"{name} stands for {', '.join(members)}"
    yield "folder:PATH, hf:NAME and features:FILE are data sets, too"


def _defaults(info: method_catalog.MethodInfo) -> str:
    return ", ".join(f"{name}={option.shown}" for name, option in info.options.items())


def _grid(paper: protocols.Paper) -> str:
    """What a paper's grid holds, in a few words."""
    points = paper.points
    parts = [f"{len(points)} cells", f"{len({point.dataset for point in points})} data sets"]
    return ", ".join([*parts, *(dict.fromkeys(point.backbone for point in points)), f"recipe {points[0].recipe}"])


def _settings(own: recipes.NamedRecipe) -> str:
    """A recipe's settings, as its options are written, and for which runs they differ."""
    parts = [f"{field.name}={as_text(getattr(own.settings, field.name))}" for field in fields(own.settings)]
    for exception in ("epochs_by_shots", "epochs_by_dataset", "lr_by_dataset", "lr_by_method", "template_by_dataset"):
        if exceptions := getattr(own, exception):
            inside = ", ".join(f"{name}: {as_text(value)}" for name, value in exceptions.items())
            parts.append(f"{exception} ({inside})")
    return ", ".join(parts)
