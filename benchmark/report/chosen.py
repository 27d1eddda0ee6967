"""Which method somebody without clean labels would have chosen in each cell, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from benchmark.records.record import Record
from benchmark.report.identity import comparable
from benchmark.report.leaderboard import CELL, cell_of, to_csv
from benchmark.report.stopping import RULES
from benchmark.report.tuning import last_noisy_val

#: What is taken where noisy validation cannot be trusted; docs/choosing.md says why.
DEFAULT = "em_means"
COLUMNS = [*CELL, "seed", "rule", "chosen", "accuracy", "best", "best_accuracy", "regret", "candidates"]
#: What each rule of `chosen` does, in the words of a table.
WORDS = {
    "noisy_val": "highest noisy validation of the seed",
    "noisy_val_mean": "highest noisy validation, mean over seeds",
    "default": f"always {DEFAULT}",
    "blind": "any method (mean)",
}


def candidates(records: Iterable[Record]) -> pd.DataFrame:
    """One row per record with a noisy validation: `CELL`, method, seed, test `accuracy` and `noisy_val`, percent."""
    rows = [
        (*cell_of(record.run), record.run.method, record.run.seed, record.score, value)
        for record in comparable(records)[0]
        if (value := last_noisy_val(record)) is not None
    ]
    return pd.DataFrame(rows, columns=[*CELL, "method", "seed", "accuracy", "noisy_val"]).astype({"rate": float})


def chosen(records: Iterable[Record]) -> pd.DataFrame:
    """One row per cell, seed and rule with `COLUMNS`: the method that the rule chooses, and its regret.

    A cell's methods are those with a noisy validation for all of its seeds, two at least. `accuracy` is the chosen
    method's on the test split, percent; of methods with the same noisy validation it is the mean, as if one were drawn.
    `best` is the method with the highest accuracy under that seed, and `regret` what the chosen one lacks, in points.
    """
    rows = []
    for cell, own in candidates(records).groupby(CELL, dropna=False, sort=True):
        test, validation = by_seed(own)
        if test.shape[1] < 2:
            continue
        for seed, scores in test.iterrows():
            best = (scores.idxmax(), scores.max())
            for rule, methods in _choices(validation, validation.T[seed]):
                accuracy = scores[methods].mean()
                name = " or ".join(methods) if rule != "blind" else ""
                end = (*best, best[1] - accuracy, test.shape[1])
                rows.append((*cell, seed, rule, name, accuracy, *end))
    table: pd.DataFrame = pd.DataFrame(rows, columns=COLUMNS).astype({"rate": float})
    return table


def by_seed(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test accuracies and noisy validations [seeds, methods] in the rows of a cell, of methods that have all seeds."""
    wide: Any = rows.pivot(index="seed", columns="method", values=["accuracy", "noisy_val"])
    complete = [method for method in wide["accuracy"] if wide["noisy_val"][method].notna().all()]
    return wide["accuracy"][complete], wide["noisy_val"][complete]


def highest(validations: pd.Series) -> list[str]:
    """The methods whose noisy validation is the highest; several where it is the same."""
    return list(validations.index[validations == validations.max()])


def _choices(validation: pd.DataFrame, own: pd.Series) -> Iterator[tuple[str, list[str]]]:
    """Each rule with the methods that it chooses among, from noisy validations [seeds, methods] and a seed's own."""
    yield "noisy_val", highest(own)
    yield "noisy_val_mean", highest(validation.mean())
    if DEFAULT in own.index:
        yield "default", [DEFAULT]
    yield "blind", list(own.index)


def regrets(table: pd.DataFrame) -> pd.DataFrame:
    """Mean regret in points over data sets, settings and seeds: rows are rules, columns kinds and rates of noise."""
    noise = [_noise(*pair) for pair in zip(table["noise"], table["rate"], strict=True)]
    cells = table.assign(noise=noise, order=table["rate"].fillna(2.0))
    columns = cells.sort_values(["order", "noise"])["noise"].unique()
    wide = cells.pivot_table(index="rule", columns="noise", values="regret", aggfunc="mean")
    ordered: pd.DataFrame = wide.reindex(index=[rule for rule in WORDS if rule in wide.index], columns=columns)
    return ordered


def _noise(kind: str, rate: float) -> str:
    return kind if rate == 0 or pd.isna(rate) else f"{kind} {100 * rate:g} %"


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
                f"| {_noise(kind, rate)} | " + " | ".join("" if pd.isna(v) else f"{v:.2f}" for v in row) + " |"
            )
    return "\n".join(lines) + "\n"


def sentence(table: pd.DataFrame) -> str:
    """One line on what noisy validation costs, over all noisy cells; empty where there are none."""
    noisy = table[(table["noise"] != "none") & (table["rule"] == "noisy_val_mean")]
    if not len(noisy):
        return ""
    return (
        f"chosen by noisy validation, a method is {noisy['regret'].mean():.1f} points below the best of its cell"
        " in the mean; chosen.md has more"
    )
