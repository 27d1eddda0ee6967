"""Methods against data sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.plan.method_names import printed
from benchmark.plan.short_names import short_names
from benchmark.report.blocks import by_rank

#: Room for numbers in the squares, in inches.
SQUARE = (0.95, 0.34)
#: Inches that the title takes.
NARROWEST = 3.8


def heat_map(board: pd.DataFrame, for_paper: bool = False) -> Figure:
    """Methods down, data sets across: mean accuracy over the noisy rates, or at rate 0, in percent."""
    noisy = board[board["rate"] != 0]
    rows = noisy if len(noisy) else board
    table = rows.pivot_table(index="method", columns="dataset", values="mean", aggfunc="mean").loc[list(by_rank(rows))]
    height, width = table.shape
    size = (max(2.4 + SQUARE[0] * width, NARROWEST), 1.3 + SQUARE[1] * height)
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.subplots()
    values = table.to_numpy(float)
    image = axis.imshow(values, aspect="auto", cmap="cividis")
    short = short_names(table.columns)
    names = [short[dataset] for dataset in table.columns]
    axis.set_xticks(range(width), names, rotation=0 if width <= 5 else 40, ha="center" if width <= 5 else "right")
    axis.set_yticks(range(height), list(map(printed, table.index)))
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    middle = (np.nanmin(values) + np.nanmax(values)) / 2
    for (y, x), value in np.ndenumerate(values):
        text, colour = ("-", "black") if np.isnan(value) else (f"{value:.1f}", "white" if value < middle else "black")
        axis.text(x, y, text, ha="center", va="center", fontsize=8, color=colour)
    title = "mean accuracy over the noisy rates, %" if len(noisy) else "accuracy, %"
    ticks = MaxNLocator(steps=[1, 2, 5, 10], integer=True)
    bar = figure.colorbar(image, ax=axis, fraction=0.05, pad=0.02, ticks=ticks, label=title if for_paper else "")
    bar.outline.set_visible(False)
    if not for_paper:
        figure.suptitle(title, fontsize=10, fontweight="bold")
    return figure
