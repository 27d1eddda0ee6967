"""When to stop training without clean labels: the last epoch, noisy validation, Label Wave, and the oracle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from benchmark.analysis.leaderboard import cell_of
from benchmark.plan.axes import CELL
from benchmark.records.record import Record

#: Epochs without a new minimum after which Label Wave stops, as in its released code.
PATIENCE = 10
#: Label Wave's first epoch, counted from 1, as in its released code.
FIRST = 3
RULES = ("last", "noisy_val", "label_wave", "oracle")
COLUMNS = [*CELL, "method", "seeds", *RULES, "epoch_noisy_val", "epoch_label_wave", "epoch_oracle"]


def by_noisy_validation(accuracies: Sequence[float | None]) -> int | None:
    """The epoch, from 0, of the highest accuracy on noisy validation labels, the last of equals; None without any.

    >>> by_noisy_validation([None, 40.0, 45.0, 45.0, 30.0])
    3
    """
    known = [(value, epoch) for epoch, value in enumerate(accuracies) if value is not None]
    return max(known)[1] if known else None


def by_label_wave(changes: Sequence[float | None], patience: int = PATIENCE) -> int | None:
    """The epoch, from 0, at which Label Wave (2502.07551) stops; None without prediction changes.

    That of the lowest fraction of training images whose prediction changed, the first of equals, once `patience` epochs
    have brought no lower one. It needs neither validation images nor clean labels.

    >>> by_label_wave([None, 0.5, 0.3, 0.2, 0.4, 0.5, 0.1], patience=2)
    3
    """
    best: tuple[float, int] | None = None
    for epoch, value in enumerate(changes):
        if best and epoch - best[1] > patience:
            break
        if value is not None and epoch >= FIRST - 1 and (best is None or value < best[0]):
            best = value, epoch
    return None if best is None else best[1]


def stopping(records: Iterable[Record]) -> pd.DataFrame:
    """One row per cell and method of comparable records with `COLUMNS`: test accuracy, percent, where each rule stops.

    Means over the seeds whose records hold a test accuracy and a noisy validation for each epoch, which long trainings
    of networks on image features do not. `oracle` stops at the highest test accuracy, which nobody knows. Label Wave is
    missing where records hold no `prediction_changes`.
    Epochs count from 1.
    """
    rows = []
    for record in records:
        run, curves = record.run, record.curves
        test, validation = curves.get("test_accuracy", ()), curves.get("noisy_val_accuracy", ())
        if not test or None in test or None in validation or len(validation) != len(test):
            continue
        wave = by_label_wave(curves.get("prediction_changes", ()))
        epochs = [by_noisy_validation(validation), wave, max(range(len(test)), key=lambda epoch: test[epoch] or 0.0)]
        values = [float("nan") if epoch is None else test[epoch] for epoch in (len(test) - 1, *epochs)]
        counted = [float("nan") if epoch is None else epoch + 1 for epoch in epochs]
        rows.append((*cell_of(run), run.method, run.seed, *values, *counted))
    names = [*CELL, "method", "seed", *COLUMNS[len(CELL) + 2 :]]
    seen = pd.DataFrame(rows, columns=names).astype({"rate": float, **dict.fromkeys(names[len(CELL) + 2 :], float)})
    grouped = seen.groupby([*CELL, "method"], dropna=False, sort=True)
    means = grouped[names[len(CELL) + 2 :]].mean().assign(seeds=grouped["seed"].nunique()).reset_index()
    table: pd.DataFrame = means[COLUMNS]
    return table
