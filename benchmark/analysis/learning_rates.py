"""Learning rates, compared without clean labels: records of one recipe at several rates, by noisy validation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any

import pandas as pd

from benchmark.plan import axes
from benchmark.plan.axes import SETTING
from benchmark.plan.method_names import printed
from benchmark.records.record import Record
from methods.recipes import recipe

#: What is tuned: one rate for each, over all its data sets and kinds of noise.
UNIT = [*dict.fromkeys(["backbone", "recipe", *SETTING]), "method"]
CELL = [name for name in axes.CELL if name not in (*SETTING, "epochs")]
COLUMNS = [*UNIT, "lr", "cells", "runs", "diverged", "noisy_val", "accuracy", "chosen", "own_accuracy"]


def last_noisy_val(record: Record) -> float | None:
    """The accuracy on validation images with noisy labels after the last epoch, percent; None if it has none."""
    curve = record.curves.get("noisy_val_accuracy", ())
    return curve[-1] if curve else None


def sweep(records: Iterable[Record]) -> pd.DataFrame:
    """One row per comparable record with a noisy validation: `UNIT`, `CELL`, seed, lr, noisy_val and more."""
    place = attrgetter(*UNIT, *CELL)
    rows = [
        (*place(run), run.seed, own.lr(run.method, run.dataset), value, record.score, record.status == "diverged")
        for record in records
        if (value := last_noisy_val(record)) is not None
        for own in [recipe(record.run.recipe)]
        for run in [replace(record.run.shown, recipe=str(own.without("lr")))]
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*UNIT, *CELL, "seed", "lr", "noisy_val", "accuracy", "diverged"])


def tuning(seen: pd.DataFrame) -> pd.DataFrame:
    """Each method's rates with `COLUMNS`, from `sweep`; only methods that were trained at several.

    Accuracies are percent, averaged over the cells that all rates of a method have. `chosen` is the rate with the
    highest accuracy in noisy validation, the lower of equals. `own_accuracy` is the test accuracy that the method would
    have with a rate of its own in each cell, each chosen by noisy validation as well: what one rate for all costs.
    """
    rows: list[tuple[Any, ...]] = []
    for unit, own in seen.groupby(UNIT, sort=True):
        cells: Any = own.groupby([*CELL, "lr"], dropna=False)[["noisy_val", "accuracy"]].mean().unstack("lr").dropna()
        if own["lr"].nunique() < 2 or not len(cells):
            continue
        val, test = cells["noisy_val"], cells["accuracy"]
        chosen = val.mean().idxmax()
        by_cell = val.idxmax(axis=1)
        best = sum(test.loc[cell, rate] for cell, rate in by_cell.items()) / len(cells)
        for rate in val.columns:
            at = own[own["lr"] == rate]
            counts = (len(cells), len(at), int(at["diverged"].sum()))
            rows.append((*unit, rate, *counts, val[rate].mean(), test[rate].mean(), rate == chosen, best))
    return pd.DataFrame(rows, columns=COLUMNS)


def sentences(table: pd.DataFrame) -> list[str]:
    """One line per method: the rate chosen, and where it lies at an end of what was tried."""
    lines = []
    row: Any
    for _, own in table.groupby(UNIT, sort=False):
        (row,) = own[own["chosen"]].itertuples()
        ends = {own["lr"].min(): "lowest", own["lr"].max(): "highest"}
        end = f"; it is the {ends[row.lr]} that was tried: try others" if row.lr in ends else ""
        lines.append(
            f"{printed(row.method)}: lr {row.lr:g} (noisy validation {row.noisy_val:.2f} %, test {row.accuracy:.2f} %; "
            f"{row.own_accuracy - row.accuracy:+.2f} points with a rate for each data set and noise{end})"
        )
    return lines
