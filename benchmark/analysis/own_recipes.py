"""Under which recipe a table shows a run: its own, or "auto", where every method has its authors'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby

from benchmark.plan.axes import Run
from methods.recipes import default_name

#: What the recipes of a run hang on: encoder, shots, backbone, method, recipe.
Kind = tuple[str, int, str, str, str]


def shown_recipes(runs: Iterable[Run]) -> Mapping[Run, tuple[str, ...]]:
    """The recipes that each run stands under in tables, in which methods of one recipe are compared.

    Runs that train as their methods do by default stand together under "auto", with the options that they were given,
    where these defaults are several recipes. A recipe whose runs all stand there has no table of its own.
    """
    kinds: dict[Run, Kind] = {run: (run.encoder, run.shots, run.backbone, run.method, run.recipe) for run in runs}
    found: dict[Kind, tuple[str, ...]] = {}
    for _, kept in groupby(sorted(set(kinds.values())), key=lambda kind: kind[:2]):
        own = list(kept)
        plain, together = _groups(own, lambda kind: kind[-1]), _groups(own, _by_default)
        together = {name: group for name, group in together.items() if name and len({kind[-1] for kind in group}) > 1}
        plain = {name: group for name, group in plain.items() if not any(group <= other for other in together.values())}
        found |= {kind: tuple(name for name, group in (together | plain).items() if kind in group) for kind in own}
    return {run: found[kind] for run, kind in kinds.items()}


def _by_default(kind: Kind) -> str:
    """The name "auto" with the options of a kind's recipe, if it is its method's by default; else nothing."""
    *_, backbone, method, recipe = kind
    name, bracket, options = recipe.partition("[")
    return f"auto{bracket}{options}" if name == default_name(backbone, method) else ""


def _groups(kinds: Iterable[Kind], name_of: Callable[[Kind], str]) -> dict[str, set[Kind]]:
    groups: dict[str, set[Kind]] = defaultdict(set)
    for kind in kinds:
        groups[name_of(kind)].add(kind)
    return groups
