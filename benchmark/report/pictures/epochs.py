"""What happens during training: gradients of correct and wrong labels, and memorisation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from benchmark.analysis.curves import mean_curve
from benchmark.plan.method_names import printed
from benchmark.records.record import Record
from benchmark.report.palette import COLOURS, GREY
from benchmark.report.pictures.style import label, panels, title
from datamodules.names import number_of

#: Curve -> (label, colour, dash).
GRADIENTS = {
    "grad_norm_correct": ("correct labels", COLOURS[0], "-"),
    "grad_norm_wrong": ("wrong labels", COLOURS[1], (0, (5, 1.5))),
}
MEMORISATION = {
    "train_accuracy_given": ("training images, given labels", COLOURS[1], (0, (5, 1.5))),
    "train_accuracy_true": ("training images, true labels", COLOURS[0], "-"),
    "test_accuracy": ("test images", GREY, (0, (1, 1))),
}


def over_epochs(
    records: Sequence[Record], curves: Mapping[str, tuple[str, str, Any]], measured: str, where: str = ""
) -> Figure | None:
    """A panel per method with the mean of each curve over data sets and seeds; None where no run has any.

    `records` are of one setting, kind and rate of noise (`where`); `curves` says which curves, and how each is drawn.
    """
    first = next(iter(curves))
    methods = sorted(
        {record.run.method for record in records if any(v is not None for v in record.curves.get(first, ()))}
    )
    if not methods:
        return None
    figure, axes = panels(len(methods))
    for axis, method in zip(axes, methods, strict=True):
        own = [record.curves for record in records if record.run.method == method]
        for name, (text, colour, dash) in curves.items():
            values, _ = mean_curve([known.get(name, ()) for known in own])
            known = np.flatnonzero(~np.isnan(values))  # some are measured in some epochs only: joined by lines
            axis.plot(known + 1, values[known], color=colour, linestyle=dash, label=text)
        axis.locator_params("x", integer=True)
        title(axis, printed(method))
    axes[0].set_ylim(bottom=0)
    drawn = [record for record in records if record.run.method in methods]
    datasets = len({record.run.dataset for record in drawn})
    over = f"{datasets} data sets and {seeds(drawn)}" if datasets > 1 else seeds(drawn)
    label(figure, axes, "epoch", measured, f"{where}; mean over {over}" if where else "")
    return figure


def seeds(records: Sequence[Record]) -> str:
    """The number of seeds, in words: the most that a method has on a data set."""
    cells: dict[tuple[str, str], set[int]] = {}
    for record in records:
        cells.setdefault((record.run.dataset, record.run.method), set()).add(record.run.seed)
    return number_of(max(map(len, cells.values()), default=0), "seed")
