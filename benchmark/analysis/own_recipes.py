"""Under which recipe a table shows a run: its own, or "auto", where every method has its authors'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from benchmark.plan.axes import Run
from methods.recipes import default_name


def shown_recipes(runs: Iterable[Run]) -> Mapping[Run, tuple[str, ...]]:
    """The recipes that each run stands under in tables, in which methods of one recipe are compared.

    Runs that train as their methods do by default stand together under "auto", with the options that they were given,
    where these defaults are several recipes. A recipe whose runs all stand there has no table of its own.
    """
    settings: dict[tuple[str, int], list[Run]] = defaultdict(list)
    for run in runs:
        settings[run.encoder, run.shots].append(run)
    found: dict[Run, tuple[str, ...]] = {}
    for own in settings.values():
        plain, together = _groups(own, lambda run: run.recipe), _groups(own, _by_default)
        together = {name: group for name, group in together.items() if name and len({r.recipe for r in group}) > 1}
        plain = {name: group for name, group in plain.items() if not any(group <= other for other in together.values())}
        for run in own:
            found[run] = tuple(name for name, group in (together | plain).items() if run in group)
    return found


def _by_default(run: Run) -> str:
    """The name "auto" with the options of a run's recipe, if it is its method's by default; else nothing."""
    name, bracket, options = run.recipe.partition("[")
    return f"auto{bracket}{options}" if name == default_name(run.backbone, run.method) else ""


def _groups(runs: Iterable[Run], name_of: Callable[[Run], str]) -> dict[str, set[Run]]:
    groups: dict[str, set[Run]] = defaultdict(set)
    for run in runs:
        groups[name_of(run)].add(run)
    return groups
