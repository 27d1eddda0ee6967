"""Which method somebody without clean labels would have chosen in each cell, and what that costs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from benchmark.analysis.leaderboard import cell_of
from benchmark.analysis.learning_rates import last_noisy_val
from benchmark.plan.axes import CELL
from benchmark.records.record import Record

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
    """One row per comparable record with a noisy validation: `CELL`, method, seed, `accuracy`, `noisy_val`, percent."""
    rows = [
        (*cell_of(record.run), record.run.method, record.run.seed, record.score, value)
        for record in records
        if (value := last_noisy_val(record)) is not None
    ]
    return pd.DataFrame(rows, columns=[*CELL, "method", "seed", "accuracy", "noisy_val"]).astype({"rate": float})


def chosen(records: Iterable[Record]) -> pd.DataFrame:
    """One row per cell, seed and rule of comparable records with `COLUMNS`: the method chosen, and its regret.

    A cell's methods are those with a noisy validation for all of its seeds, two at least. `accuracy` is the chosen
    method's on the test split, percent; of methods with the same noisy validation it is the mean, as if one were drawn.
    `best` is the method with the highest accuracy under that seed, and `regret` what the chosen one lacks, in points.
    """
    rows = []
    for cell, own in candidates(records).groupby(CELL, dropna=False, sort=True):
        test, validation = by_seed(own)
        names = test.columns.to_numpy(str)
        if len(names) < 2:
            continue
        mean = validation.mean().to_numpy()
        for seed, scores, values in zip(test.index, test.to_numpy(), validation.to_numpy(), strict=True):
            best = scores.argmax()
            rules = values == values.max(), mean == mean.max(), names == DEFAULT, np.full(len(names), True)
            for rule, methods in zip(WORDS, rules, strict=True):
                if methods.any():
                    accuracy = scores[methods].mean()
                    name = " or ".join(names[methods]) if rule != "blind" else ""
                    end = (names[best], scores[best], scores[best] - accuracy, len(names))
                    rows.append((*cell, seed, rule, name, accuracy, *end))
    table: pd.DataFrame = pd.DataFrame(rows, columns=COLUMNS).astype({"rate": float})
    return table


def by_cell(table: pd.DataFrame) -> pd.DataFrame:
    """What noisy validation, mean over seeds, takes in each cell of the table of `chosen`: its means over seeds."""
    names = {"accuracy": "mean", "best_accuracy": "best", "regret": "regret"}
    cells = table[table["rule"] == "noisy_val_mean"].groupby(CELL, dropna=False)
    return cells[[*names]].mean().rename(columns=names).reset_index()


def by_seed(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Test accuracies and noisy validations [seeds, methods] in the rows of a cell, of methods that have all seeds."""
    (row, seeds), (column, methods) = (rows[name].factorize(sort=True) for name in ("seed", "method"))
    tables = np.full((2, len(seeds), len(methods)), np.nan)
    tables[:, row, column] = rows[["accuracy", "noisy_val"]].to_numpy(float).T
    complete = ~np.isnan(tables[1]).any(0)
    test, validation = (pd.DataFrame(table[:, complete], seeds, methods[complete]) for table in tables)
    return test, validation


def regrets(table: pd.DataFrame) -> pd.DataFrame:
    """Mean regret in points over data sets, settings and seeds: rows are rules, columns kinds and rates of noise."""
    noise = [noise_name(*pair) for pair in zip(table["noise"], table["rate"], strict=True)]
    cells = table.assign(noise=noise, order=table["rate"].fillna(2.0))
    columns = cells.sort_values(["order", "noise"])["noise"].unique()
    wide = cells.pivot_table(index="rule", columns="noise", values="regret", aggfunc="mean")
    ordered: pd.DataFrame = wide.reindex(index=[rule for rule in WORDS if rule in wide.index], columns=columns)
    return ordered


def noise_name(kind: str, rate: float) -> str:
    """A kind and rate of noise as a row or column of these tables is called: "symmetric 50 %"."""
    return kind if rate == 0 or pd.isna(rate) else f"{kind} {100 * rate:g} %"


def sentence(table: pd.DataFrame) -> str:
    """One line on what noisy validation costs, over all noisy cells; empty where there are none."""
    noisy = table[(table["noise"] != "none") & (table["rule"] == "noisy_val_mean")]
    if not len(noisy):
        return ""
    return f"selecting the method by noisy validation costs {noisy['regret'].mean():.1f} points on average (chosen.md)"
