"""The columns of a leaderboard: what a run has, what its seeds come to, and how tables show it. A new one is a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from benchmark.records.record import Record
from datamodules.foreign import to_cell


@dataclass(frozen=True)
class Column:
    """A column of the leaderboard; CSV, Markdown, TeX, terminal, page and W&B take it from `COLUMNS`.

    `of` gives the value of a run in a cell with this rate of noise, and `over_seeds` says how pandas makes one value of
    a cell's; without `of` they are those of the column `source` of the observations. A column with neither is made of
    the others. `format` is for CSV. Readable tables put `mark` behind the accuracies of cells where the value is not 0,
    and a number with a `in_brackets` in brackets; `note` says below what they mean. A CSV file has a column that is
    `optional` only where a row has a value.
    """

    name: str
    of: Callable[[Record, float | None], object] | None = None
    over_seeds: str | Callable[[Any], object] = ""
    source: str = ""
    format: str = "{:.2f}"
    mark: str = ""
    in_brackets: str = ""
    note: str = ""
    optional: bool = False


COLUMNS = (
    Column("labels", lambda record, _: "" if record.label_free else record.noise.labels_sha256,
           lambda hashes: "given" if any(hashes) else "none"),
    Column("mean", lambda record, _: record.score, "mean", source="accuracy"),
    Column("std", None, "std", source="accuracy"),
    Column("seeds", None, "nunique", source="seed"),
    Column("rank", format="{:.0f}"),
    Column("diverged", lambda record, _: record.status == "diverged", "sum", mark="†",
           note="some runs diverged"),
    Column("collapsed", lambda record, _: record.collapsed, "sum", mark="‡",
           note="some runs collapsed: nearly uniform predictions, training accuracy at chance"),
    Column("realised", lambda record, rate: None if record.label_free and rate != 0 else record.noise.realised, "mean",
           format="{:.4f}"),
    Column("protocol"),
    Column("seen", lambda record, _: record.seen_accuracy, "mean", in_brackets="{:.1f}", note="accuracy on seen",
           optional=True),
    Column("unseen", lambda record, _: record.unseen_accuracy, "mean", in_brackets="{:.1f}", optional=True,
           note="unseen classes; the first number is their harmonic mean"),
)  # fmt: skip
#: What the observations have of a run, by name.
OBSERVED = {column.source or column.name: column.of for column in COLUMNS if column.of}
#: Those of them that are numbers which a run may lack.
NUMBERS = [column.source or column.name for column in COLUMNS if column.of and column.over_seeds == "mean"]
#: Columns that readable tables show with an accuracy, and how several data sets come to one value.
SHOWN = {column.name: "sum" if column.mark else "mean" for column in COLUMNS if column.mark or column.in_brackets}
_FORMATS = {"rate": "{:g}", "noisiest_rate": "{:g}", "lr": "{:g}"} | {column.name: column.format for column in COLUMNS}


def over_seeds(seen: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """One row per group of observations with `keys` and each column that is not made of others."""
    grouped = seen.groupby(keys, dropna=False, sort=True)
    made: dict[str, Any] = {c.name: (c.source or c.name, c.over_seeds) for c in COLUMNS if c.over_seeds}
    table: pd.DataFrame = grouped.agg(**made).reset_index()
    return table


def marks(values: Mapping[str, float | None]) -> str:
    """The signs of an accuracy with these values of `SHOWN`."""
    return "".join(column.mark for column in COLUMNS if column.mark and values.get(column.name))


def in_brackets(values: Mapping[str, float | None]) -> str:
    """The numbers in brackets behind an accuracy with these values of `SHOWN`; empty where there are none."""
    numbers = [
        c.in_brackets.format(value) for c in COLUMNS if c.in_brackets and (value := values.get(c.name)) is not None
    ]
    return f" ({', '.join(numbers)})" if numbers else ""


def notes(cells: Sequence[Mapping[str, float | None]]) -> list[str]:
    """What the signs and the numbers in brackets of these cells mean, a line each."""
    found = [f"{c.mark} {c.note}" for c in COLUMNS if c.mark and any(cell.get(c.name) for cell in cells)]
    more = [c.note for c in COLUMNS if c.in_brackets and any(cell.get(c.name) is not None for cell in cells)]
    return found + [f"in brackets: {' and '.join(more)}"] * bool(more)


def to_csv(table: pd.DataFrame) -> str:
    """CSV text with two decimals for percentages and points; the same table gives the same bytes.

    A name that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    empty = [column.name for column in COLUMNS if column.optional and column.name in table]
    text = table.drop(columns=[name for name in empty if table[name].isna().all()]).astype(object)
    for column in text.columns:
        if pd.api.types.is_float_dtype(table[column]):
            style = _FORMATS.get(column, "{:.2f}")
            text[column] = [style.format(value) if pd.notna(value) else "" for value in table[column]]
        elif not pd.api.types.is_numeric_dtype(table[column]):
            text[column] = [to_cell(v) if isinstance(v, str) else v for v in table[column]]
    return str(text.to_csv(index=False, lineterminator="\n"))
