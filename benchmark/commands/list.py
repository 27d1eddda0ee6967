"""`promptnoise list`: show methods, recipes, data sets, and what is ready."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields

from benchmark.commands._app import BY_PLACE
from benchmark.plan import groups, method_catalog, suites
from benchmark.plan.shared_options import Data
from benchmark.published import protocols
from benchmark.screen import Screen, table
from datamodules import catalog, noise
from datamodules.errors import unknown
from datamodules.names import number_of
from methods import recipes
from methods.options.option import as_text

GROUP = "set up"


@dataclass(frozen=True)
class Options(Data):
    """Show methods with their options, recipes, suites, papers, data sets with what is missing, and label noise."""

    what: str = field(default="", metadata=BY_PLACE)
    """One of methods, recipes, suites, papers, datasets, noise; all of them without it."""

    word: str = field(default="", metadata=BY_PLACE)
    """Only rows in which this word stands, capitals or not."""

    json: bool = False
    """Print JSON: an object with a list of objects for each kind."""


def main(options: Options) -> int:
    """Prints a table for each kind, or JSON; UserError: there is no such kind."""
    if options.what and options.what not in LISTINGS:
        raise unknown("list", options.what, [*LISTINGS])
    console, word, found = Screen(), options.word.casefold(), {}
    for name, (title, head, left, rows) in LISTINGS.items():
        if options.what in ("", name):
            chosen = [row for row in rows(options) if word in " ".join(row).casefold()]
            found[name] = [dict(zip(head, row, strict=True)) for row in chosen]
            if chosen and not options.json:
                console.print(table(head, chosen, title, left=left))
    if options.json:
        sys.stdout.write(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        return 0
    if not any(found.values()):
        console.say(f"nothing with {options.word!r} in it")
    for line in method_catalog.unreadable() if "methods" in found else ():
        console.say(f"left out: {line}", "yellow")
    for line in _groups() if not word and "datasets" in found else ():
        console.print(line, highlight=False)
    return 0


def _methods(_: Options) -> Iterator[tuple[str, ...]]:
    for info in method_catalog.methods().values():
        defaults = ", ".join(f"{name}={option.shown}" for name, option in info.options.items())
        yield info.name, info.title, info.family, defaults, info.summary


def _recipes(_: Options) -> Iterator[tuple[str, ...]]:
    for name, own in ((name, recipes.recipe(name)) for name in recipes.known()):
        yield name, _settings(own), own.source


def _papers(_: Options) -> Iterator[tuple[str, ...]]:
    for name, own in ((name, protocols.paper(name)) for name in protocols.known()):
        yield name, own.title, _grid(own)


#: By kind: title, columns, how many of them are text, rows.
LISTINGS: dict[str, tuple[str, Sequence[str], int, Callable[[Options], Iterable[tuple[str, ...]]]]] = {
    "methods": ("methods", ("method", "name", "family", "options", "what it is"), 5, _methods),
    "recipes": ("recipes", ("recipe", "settings", "source"), 3, _recipes),
    "suites": ("suites, for `promptnoise bench --suite=NAME`", ("suite", "what it is"), 2,
               lambda _: ((name, suites.about(path)) for name, path in suites.known().items())),
    "papers": ("papers, for `promptnoise paper NAME`", ("paper", "title", "grid"), 3, _papers),
    "datasets": ("data sets", ("data set", "state"), 2,
                 lambda options: ((name, catalog.status(name, options.data)) for name in catalog.known())),
    "noise": ("kinds of label noise", ("noise type", "what it is"), 2,
              lambda _: ((kind, noise.summary(kind)) for kind in noise.known())),
}  # fmt: skip


def _groups() -> Iterator[str]:
    for name, members in {**catalog.groups(), "robust": groups.method_groups()["robust"]}.items():
        yield f"{name} stands for {', '.join(members)}"
    yield "folder:PATH, hf:NAME and features:FILE are data sets, too"


def _grid(paper: protocols.Paper) -> str:
    """What a paper's grid holds, in a few words."""
    points = paper.points
    parts = [number_of(len(points), "cell"), number_of(len({point.dataset for point in points}), "data set")]
    return ", ".join([*parts, *(dict.fromkeys(point.backbone for point in points)), f"recipe {points[0].recipe}"])


def _settings(own: recipes.NamedRecipe) -> str:
    """A recipe's settings, as its options are written, and for which runs they differ."""
    parts = [f"{field.name}={as_text(getattr(own.settings, field.name))}" for field in fields(own.settings)]
    for exception in ("epochs_by_shots", "epochs_by_dataset", "lr_by_dataset", "lr_by_method", "template_by_dataset"):
        if exceptions := getattr(own, exception):
            inside = ", ".join(f"{name}: {as_text(value)}" for name, value in exceptions.items())
            parts.append(f"{exception} ({inside})")
    return ", ".join(parts)
