"""Accuracy against learning rate."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from benchmark.analysis.learning_rates import UNIT
from benchmark.plan.method_names import printed
from benchmark.plan.short_names import percent
from benchmark.report.palette import numbered
from benchmark.report.pictures.style import label, line, panels, title


def against_rate(seen: pd.DataFrame, table: pd.DataFrame) -> Figure:
    """A panel per method: test accuracy at each noise rate, the mean over data sets and seeds; the chosen rate marked.

    `seen` is what `learning_rates.sweep` returns, `table` what `tuning` makes of it.
    """
    groups = list(table.groupby(UNIT, sort=False))
    figure, axes = panels(len(groups))
    rates = sorted(seen["rate"].dropna().unique())
    for axis, (unit, own) in zip(axes, groups, strict=True):
        rows = seen.merge(pd.DataFrame([unit], columns=UNIT), on=UNIT)
        for i, rate in enumerate(rates):
            at: Any = rows[rows["rate"] == rate].groupby(["dataset", "lr"])["accuracy"].mean()
            curve = at.unstack("lr").dropna(axis=1).mean()
            axis.plot(curve.index, curve.to_numpy(), label=f"{percent(rate)} wrong", **line(numbered(i)))
        axis.axvline(own[own["chosen"]]["lr"].iloc[0], color="#767676", linewidth=1, linestyle=":", zorder=0)
        axis.set_xscale("log")
        title(axis, printed(str(unit[-1])))
    label(figure, axes, "learning rate", "test accuracy, %")
    return figure
