"""The names of tables in a results folder."""

from __future__ import annotations

from benchmark.records.paths import slug

#: Tables over all data sets.
TABLES = ("leaderboard.csv", "summary.csv", "leaderboard.md", "leaderboard.tex")


def table_file(dataset: str) -> str:
    """The file of a data set's own table."""
    return f"tables/{slug(dataset)}.csv"
