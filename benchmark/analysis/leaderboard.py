"""Records to numbers: what each method reached in each cell, its spread over seeds and its rank."""

from __future__ import annotations

import io
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from operator import attrgetter
from typing import Any

import pandas as pd

from benchmark import PROTOCOL
from benchmark.analysis.columns import COLUMNS, NUMBERS, OBSERVED, over_seeds
from benchmark.analysis.comparable import comparable
from benchmark.analysis.own_recipes import shown_recipes
from benchmark.errors import BadInput
from benchmark.plan.axes import CELL, Run, plain
from benchmark.records.record import Record
from datamodules.foreign import from_cell
from methods.options.former_names import renamed

HEADER = [*CELL, "method", *(column.name for column in COLUMNS)]
OPTIONAL = {column.name for column in COLUMNS if column.optional}
_columns = attrgetter(*CELL)


def rows_of(records: Sequence[Record]) -> pd.DataFrame:
    """One row per comparable record and column that it stands in: `CELL`, method, seed, accuracy (percent) and more.

    A run without noise stands at rate 0 of every kind of noise that its data set has; a run that used no labels
    (paradigm "ul") stands among the few-shot runs, at every rate of every kind. `shown_recipes` tells its recipes.
    """
    recipes = shown_recipes(record.run for record in records)
    kinds = {record.key: (record.run.label_free, _columns(record.run.shown), recipes[record.run]) for record in records}
    one_of = {kinds[record.key]: record.run for record in records}
    homes = {kind: _homes(run, kind[-1]) for kind, run in one_of.items()}
    near: dict[Run, set[Run]] = defaultdict(set)
    for home in chain(*homes.values()):
        if home.noise != "none":
            near[_clean(home)].add(home)
    places = {kind: [place for home in own for place in _places(kind[0], home, near)] for kind, own in homes.items()}
    rows = [
        (*_columns(place), r.run.method, r.run.seed, r.key, *(of(r, place.rate) for of in OBSERVED.values()))
        for r in records
        for place in places[kinds[r.key]]
    ]
    frame = pd.DataFrame(rows, columns=[*CELL, "method", "seed", "key", *OBSERVED])
    frame = frame.astype(dict.fromkeys(["rate", *NUMBERS], float))
    ordered: pd.DataFrame = frame.sort_values([*CELL, "method", "seed"]).reset_index(drop=True)
    return ordered


def cell_of(run: Run) -> tuple[Any, ...]:
    """The values of `CELL` of a run under its own recipe."""
    return _columns(run.shown)


def _homes(run: Run, recipes: Sequence[str]) -> list[Run]:
    """Where a run stands, as runs without method and seed; `epochs` is 0 where methods train for different numbers."""
    home = replace(run.shown, method="", seed=0)
    return [replace(home, recipe=name, epochs=0 if plain(name) == "auto" else run.epochs) for name in recipes]


def _clean(place: Run) -> Run:
    return replace(place, noise="none", rate=0.0)


def _places(label_free: bool, home: Run, near: Mapping[Run, set[Run]]) -> set[Run]:
    if home.noise != "none":
        return {home}
    noisy = near.get(_clean(home), set())
    clean = {replace(place, rate=0.0) for place in noisy} or {replace(home, rate=0.0)}
    return clean | noisy if label_free else clean


def leaderboard(records: Iterable[Record]) -> pd.DataFrame:
    """The tidy table, one row per cell and method, with `HEADER`.

    `mean` and `std` are percent over seeds (`std` with n - 1, missing for one seed), `rank` is 1 for the best mean
    of the cell (equal means share the better rank), `diverged` and `collapsed` count runs, `realised` is the mean share
    of labels that are wrong, 0 to 1, and `labels` is "none" for a method that was given no labels, else "given".
    """
    return board_of(rows_of(comparable(records)[0]))


def board_of(seen: pd.DataFrame) -> pd.DataFrame:
    """`leaderboard` of what `rows_of` returns."""
    board = over_seeds(seen, [*CELL, "method"])
    board["mean"] = board["mean"].round(6)
    ranks = board.groupby(CELL, dropna=False)["mean"].rank(ascending=False, method="min")
    board = board.assign(rank=ranks, protocol=PROTOCOL)
    table: pd.DataFrame = board[[name for name in HEADER if name in board]]
    return table


def rate_name(rate: float) -> str:
    """A noise rate as a column's name: "0.25", or "measured" where nobody asked for a rate."""
    return "measured" if math.isnan(rate) else f"{rate:g}"


def from_csv(text: str) -> pd.DataFrame:
    """The table that `to_csv` wrote, to its two decimals.

    Raises BadInput: It lacks a column of a leaderboard.
    """
    types = {"backbone": str, "dataset": str, "noise": str, "method": str, "recipe": str}
    table: pd.DataFrame = pd.read_csv(io.StringIO(text), dtype=types, na_values=[""], keep_default_na=False)
    if missing := [name for name in HEADER if name not in table and name not in OPTIONAL]:
        raise BadInput(f"not a leaderboard: it has no column {missing[0]!r}")
    ordered: pd.DataFrame = table.reindex(columns=HEADER)
    for column in types:
        ordered[column] = ordered[column].map(from_cell, na_action="ignore")
    ordered["method"] = ordered["method"].map(renamed, na_action="ignore")
    return ordered
