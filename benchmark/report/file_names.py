"""The names of files in a results folder."""

from __future__ import annotations

from pathlib import Path

from benchmark.records.paths import slug

#: Tables over all data sets.
TABLES = ("leaderboard.csv", "summary.csv", "leaderboard.md", "leaderboard.tex")
#: What a report always has.
REPORT = (*TABLES, "statistics.csv", "statistics.md", "published.csv", "report.html")
#: What the choice of learning rates is.
TUNING = ("tuning.csv", "plots/learning-rates.png", "plots/learning-rates.svg")


def table_file(dataset: str) -> str:
    """The file of a data set's own table."""
    return f"tables/{slug(dataset)}.csv"


def tables_of(*folders: Path) -> list[str]:
    """The files of the data sets' own tables, from the names of the folders of records; none of these is read."""
    return [f"tables/{path.name}.csv" for out in folders for path in sorted((out / "runs").glob("*/"))]
