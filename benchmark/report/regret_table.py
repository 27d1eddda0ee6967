"""What choosing without clean labels costs, and what stopping early gains, as files."""

from __future__ import annotations

import pandas as pd

from benchmark.analysis.columns import to_csv
from benchmark.analysis.selection import WORDS, noise_name, regrets
from benchmark.analysis.stopping import RULES


def files(table: pd.DataFrame, stopped: pd.DataFrame) -> dict[str, str]:
    """`chosen.csv`, `chosen.md` and `stopping.csv`, by name; none where there is nothing to say."""
    found = {"stopping.csv": to_csv(stopped)} if len(stopped) else {}
    return found | ({"chosen.csv": to_csv(table), "chosen.md": markdown(table, stopped)} if len(table) else {})


def markdown(table: pd.DataFrame, stopped: pd.DataFrame) -> str:
    """Regrets by rule and noise, and test accuracies by stopping rule, as two tables."""
    wide = regrets(table)
    lines = [
        "# What choosing without clean labels costs\n",
        "Points of test accuracy below the best method of the same cell and seed.\n",
        "| chosen by | " + " | ".join(wide.columns) + " |",
        "|:--|" + "--:|" * len(wide.columns),
    ]
    for rule, row in zip(wide.index, wide.to_numpy(), strict=True):
        lines.append(f"| {WORDS[str(rule)]} | " + " | ".join("" if pd.isna(v) else f"{v:.2f}" for v in row) + " |")
    if len(noisy := stopped[stopped["noise"] != "none"]):
        noisy = noisy.dropna(axis=1, how="all")
        rules = [rule for rule in RULES if rule in noisy]
        means = noisy.groupby(["noise", "rate"], dropna=False)[rules].mean()
        lines += [
            "\n# What stopping early gains\n",
            "Test accuracy in percent at the epoch of each rule, mean over data sets, methods and seeds.\n",
            "| noise | " + " | ".join(rules) + " |",
            "|:--|" + "--:|" * len(rules),
        ]
        for (kind, rate), row in zip(means.index, means.to_numpy(), strict=True):
            lines.append(
                f"| {noise_name(kind, rate)} | " + " | ".join("" if pd.isna(v) else f"{v:.2f}" for v in row) + " |"
            )
    return "\n".join(lines) + "\n"
