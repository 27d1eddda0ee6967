"""The names of files in a results folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark.plan.axes import AXES, SETTING
from benchmark.records.paths import slug

#: Tables over all data sets.
TABLES = ("leaderboard.csv", "summary.csv", "leaderboard.md")
#: What a report always has.
REPORT = (*TABLES, "leaderboard.tex", "statistics.csv", "statistics.md", "published.csv", "report.html")
#: The tables of what is made for a paper.
PAPER = "paper/tables.tex"
#: What the choice of learning rates is.
TUNING = ("tuning.csv", "plots/learning-rates.png", "plots/learning-rates.svg")


def table_file(dataset: str) -> str:
    """The file of a data set's own table."""
    return f"tables/{slug(dataset)}.csv"


def tables_of(*folders: Path) -> list[str]:
    """The files of the data sets' own tables, from the names of the folders of records; none of these is read."""
    return [f"tables/{path.name}.csv" for out in folders for path in sorted((out / "runs").glob("*/"))]


_OTHERS = [name for name in SETTING if name != "backbone"]


def group_name(terms: Sequence[object], several: bool) -> str:
    """What pictures and tables of a kind of noise and a setting are called; `several` says that settings differ."""
    noise, *setting = map(str, terms)
    backbone = setting.pop(SETTING.index("backbone"))
    parts = [f"{value}{name}" if AXES[name].least else value for name, value in zip(_OTHERS, setting, strict=True)]
    return slug("-".join([noise, backbone, *parts] if several else [noise]))
