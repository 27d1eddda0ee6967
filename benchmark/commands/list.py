"""`promptnoise list`: show methods, recipes, data sets, and what is ready."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from benchmark.plan import groups, method_catalog, suites
from benchmark.plan.shared_options import DATA
from benchmark.published import protocols
from benchmark.screen import Screen
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
    table = Table("method", "name", "family", "options", "what it is", title="methods", title_justify="left")
    for info in method_catalog.methods().values():
        defaults = ", ".join(f"{name}={option.shown}" for name, option in info.options.items())
        table.add_row(*map(escape, (info.name, info.title, info.family, defaults, info.summary)))
    console.print(table)
    for line in method_catalog.unreadable():
        console.print(f"left out: {line}", style="yellow", highlight=False, markup=False, soft_wrap=True)
    table = Table("recipe", "settings", "source", title="recipes", title_justify="left")
    for name in recipes.known():
        own = recipes.recipe(name)
        table.add_row(*map(escape, (name, _settings(own), own.source)))
    console.print(table)
    table = Table("suite", "what it is", title="suites, for `promptnoise bench --suite=NAME`", title_justify="left")
    for name, path in suites.known().items():
        table.add_row(*map(escape, (name, suites.about(path))))
    console.print(table)
    table = Table("paper", "title", "grid", title="papers, for `promptnoise paper NAME`", title_justify="left")
    for name in protocols.known():
        own_grid = protocols.paper(name)
        table.add_row(*map(escape, (name, own_grid.title, _grid(own_grid))))
    console.print(table)
    table = Table("data set", "state", title="data sets", title_justify="left")
    for name in catalog.known():
        table.add_row(name, escape(catalog.status(name, options.data)))
    console.print(table)
    for name, members in {**catalog.groups(), "robust": groups.method_groups()["robust"]}.items():
        console.print(f"{name} stands for {', '.join(members)}", highlight=False)
    console.print("folder:PATH, hf:NAME and features:FILE are data sets, too", highlight=False)
    console.print("kinds of label noise:", ", ".join(noise.known()))
    return 0


def _grid(paper: protocols.Paper) -> str:
    """What a paper's grid holds, in a few words."""
    points = paper.points
    parts = [f"{len(points)} cells", f"{len({point.dataset for point in points})} data sets"]
    return ", ".join([*parts, *(dict.fromkeys(point.backbone for point in points)), f"recipe {points[0].recipe}"])


def _settings(own: recipes.NamedRecipe) -> str:
    """A recipe's settings, as its options are written, and for which runs they differ."""
    parts = [f"{field.name}={as_text(getattr(own.settings, field.name))}" for field in fields(own.settings)]
    for table in ("epochs_by_shots", "epochs_by_dataset", "lr_by_dataset", "lr_by_method", "template_by_dataset"):
        if exceptions := getattr(own, table):
            inside = ", ".join(f"{name}: {as_text(value)}" for name, value in exceptions.items())
            parts.append(f"{table} ({inside})")
    return ", ".join(parts)
