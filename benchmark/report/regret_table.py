"""What choosing without clean labels costs, and what stopping early gains, as files."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from benchmark.analysis.columns import to_csv
from benchmark.analysis.selection import WORDS, noise_name, regrets
from benchmark.analysis.stopping import RULES
from benchmark.report.markdown import table as markdown_table


def files(table: pd.DataFrame, stopped: pd.DataFrame) -> dict[str, str]:
    """`chosen.csv`, `chosen.md` and `stopping.csv`, by name; none where there is nothing to say."""
    found = {"stopping.csv": to_csv(stopped)} if len(stopped) else {}
    return found | ({"chosen.csv": to_csv(table), "chosen.md": markdown(table, stopped)} if len(table) else {})


def markdown(table: pd.DataFrame, stopped: pd.DataFrame) -> str:
    """Regrets by rule and noise, and test accuracies by stopping rule, as two tables."""
    wide = regrets(table)
    chosen = [[WORDS[str(rule)], *_cells(row)] for rule, row in zip(wide.index, wide.to_numpy(), strict=True)]
    text = (
        "# What choosing without clean labels costs\n\n"
        "Points of test accuracy below the best method of the same cell and seed.\n\n"
        + markdown_table(["chosen by", *wide.columns], chosen)
    )
    if len(noisy := stopped[stopped["noise"] != "none"]):
        noisy = noisy.dropna(axis=1, how="all")
        rules = [rule for rule in RULES if rule in noisy]
        means = noisy.groupby(["noise", "rate"], dropna=False)[rules].mean()
        lines = [[noise_name(*noise), *_cells(row)] for noise, row in zip(means.index, means.to_numpy(), strict=True)]
        text += (
            "\n# What stopping early gains\n\n"
            "Test accuracy in percent at the epoch of each rule, mean over data sets, methods and seeds.\n\n"
            + markdown_table(["noise", *rules], lines)
        )
    return text


def _cells(values: Iterable[float]) -> list[str]:
    return ["" if pd.isna(value) else f"{value:.2f}" for value in values]
