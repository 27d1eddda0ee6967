"""`promptnoise list`: show methods, recipes, data sets, and what is ready."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from benchmark.plan import groups, method_catalog, suites
from benchmark.plan.shared_options import DATA
from benchmark.published import protocols
from benchmark.screen import Screen, table
from datamodules import catalog, noise
from methods import recipes
from methods.options.option import as_text

GROUP = "set up"


@dataclass(frozen=True)
class Options:
    """Show methods with their options, recipes, papers, data sets with what is missing, and kinds of label noise."""

    data: Path = DATA
    """Folder of real data sets, laid out as for CoOp."""


def main(options: Options) -> int:
    """Prints a table for each."""
    console = Screen()
    known = method_catalog.methods().values()
    methods = [(info.name, info.title, info.family, _defaults(info), info.summary) for info in known]
    console.print(table(("method", "name", "family", "options", "what it is"), methods, "methods", left=5))
    for line in method_catalog.unreadable():
        console.say(f"left out: {line}", "yellow")
    named = [(name, recipes.recipe(name)) for name in recipes.known()]
    settings = [(name, _settings(own), own.source) for name, own in named]
    console.print(table(("recipe", "settings", "source"), settings, "recipes", left=3))
    about = [(name, suites.about(path)) for name, path in suites.known().items()]
    console.print(table(("suite", "what it is"), about, "suites, for `promptnoise bench --suite=NAME`", left=2))
    papers = [(name, own.title, _grid(own)) for name in protocols.known() for own in [protocols.paper(name)]]
    console.print(table(("paper", "title", "grid"), papers, "papers, for `promptnoise paper NAME`", left=3))
    states = [(name, catalog.status(name, options.data)) for name in catalog.known()]
    console.print(table(("data set", "state"), states, "data sets", left=2))
    for name, members in {**catalog.groups(), "robust": groups.method_groups()["robust"]}.items():
        console.print(f"{name} stands for {', '.join(members)}", highlight=False)
    console.print("folder:PATH, hf:NAME and features:FILE are data sets, too", highlight=False)
    console.print("kinds of label noise:", ", ".join(noise.known()))
    return 0


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
