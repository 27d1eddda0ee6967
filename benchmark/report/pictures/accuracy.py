"""Accuracy against noise rate, and methods against data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmark.plan.method_names import printed
from benchmark.report.blocks import by_rank, in_colour
from benchmark.report.palette import FAINT, ZERO_SHOT, LineStyle, line_styles
from benchmark.report.pictures.lead import Lead, lead
from benchmark.report.pictures.style import line
from benchmark.report.short_names import short_names

#: Room for numbers in the squares of a heat map, in inches.
SQUARE = (0.95, 0.34)
#: Inches that the title of a heat map takes.
NARROWEST = 3.8
#: Ticks that have room for a number below a large and below a small panel.
MOST_TICKS, MOST_TICKS_SMALL = 12, 4


def against_noise(board: pd.DataFrame, methods: list[str], headline: str = "", caption: str = "") -> Figure:
    """The mean over data sets, large, with names at the lines' ends, and a small panel per data set.

    Bands are one standard deviation over seeds. Of more than `MOST` methods those with the best average rank are in
    colour, the others grey.

    Args:
        board: One kind of noise and one setting of the leaderboard.
        methods: All methods of the campaign, which fix dashes and markers.
        headline: The result in words, above the picture.
        caption: What is shown, below the headline.
    """
    placed = board.assign(x=_position(board)).dropna(subset=["x"])
    datasets = sorted(board["dataset"].unique())
    short, shown = short_names(datasets), in_colour(board)
    look = {name: style for name, style in line_styles(methods).items() if name in shown}
    others = len(set(board["method"]) - look.keys())
    caption += f"; the {others} methods with a lower average rank in grey" if others else ""
    frame = Lead(headline, caption, "wrong labels, %", _measure(board), [printed(name) for name in look])
    figure, large, small = lead(frame, len(datasets) if len(datasets) > 1 else 0)
    if len(datasets) > 1:
        _curves(large, _mean(placed, len(datasets)), look)
        large.set_title(f"mean of {len(datasets)} data sets")
        for axis, dataset in zip(small, datasets, strict=True):
            _curves(axis, placed[placed["dataset"] == dataset], look, MOST_TICKS_SMALL)
            axis.set_title(short[dataset])
    else:
        _curves(large, placed, look)
        large.set_title(short[datasets[0]])
    frame.name_lines(figure, large)
    return figure


def _measure(board: pd.DataFrame) -> str:
    return "harmonic mean of seen and unseen, %" if (board["paradigm"] == "trzsl").any() else "test accuracy, %"


def _mean(placed: pd.DataFrame, datasets: int) -> pd.DataFrame:
    """Means over all data sets, at the mean of their rates; without methods that lack one."""
    whole = placed.groupby(["method", "rate"], as_index=False, dropna=False)
    mean = whole.agg(mean=("mean", "mean"), x=("x", "mean"), count=("dataset", "nunique")).assign(std=float("nan"))
    complete: pd.DataFrame = mean[mean["count"] == datasets]
    return complete


def _position(board: pd.DataFrame) -> pd.Series[float]:
    """Where a cell stands on the axis in percent: the rate asked for, or the one measured; NaN if neither is known."""
    measured = board.groupby(["dataset", "noise", "rate"], dropna=False)["realised"].transform("mean")
    return 100 * board["rate"].fillna(measured)


def _curves(axis: Axes, rows: pd.DataFrame, look: Mapping[str, LineStyle], most: int = MOST_TICKS) -> None:
    bands, colours = [], []
    for method, own in rows.groupby("method", sort=True):
        curve = own.sort_values("x")
        name = str(method)
        if name not in look:
            axis.plot(curve["x"], curve["mean"], color=FAINT, linewidth=0.8, zorder=1)
            continue
        if name == ZERO_SHOT:
            axis.axhline(curve["mean"].iloc[0], label=printed(name), zorder=1, **line(look[name]))
            continue
        axis.plot(curve["x"], curve["mean"], label=printed(name), **line(look[name]))
        if len(band := curve.dropna(subset=["std"])):
            colours.append(look[name].colour)
            bands.append(_outline(*band[["x", "mean", "std"]].to_numpy().T))
    axis.add_collection(PolyCollection(bands, facecolors=colours, alpha=0.18, linewidths=0))
    _ticks(axis, sorted(rows["x"].round(1).unique()), most)


def _ticks(axis: Axes, places: Sequence[float], most: int) -> None:
    """Ticks at the noise rates, to one decimal; of those that stand close together the first is named."""
    named: list[float] = []
    for place in places:
        if not named or place - named[-1] >= (places[-1] - places[0]) / most:
            named.append(place)
    axis.set_xticks(places, [f"{place:g}" if place in named else "" for place in places])


def _outline(x: NDArray[np.float64], mean: NDArray[np.float64], std: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners [2 n, 2] of the band of one standard deviation: there above the means [n], back below them."""
    return np.stack([np.concatenate([x, x[::-1]]), np.concatenate([mean + std, (mean - std)[::-1]])], axis=1)


def heat_map(board: pd.DataFrame) -> Figure:
    """Methods down, data sets across: mean accuracy over the noisy rates, or at rate 0, in percent."""
    noisy = board[board["rate"] != 0]
    rows = noisy if len(noisy) else board
    table = rows.pivot_table(index="method", columns="dataset", values="mean", aggfunc="mean").loc[list(by_rank(rows))]
    height, width = table.shape
    size = (max(2.4 + SQUARE[0] * width, NARROWEST), 1.3 + SQUARE[1] * height)
    figure = Figure(figsize=size, layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(table.to_numpy(), aspect="auto", cmap="cividis", vmin=0, vmax=100)
    short = short_names(table.columns)
    names = [short[dataset] for dataset in table.columns]
    axis.set_xticks(range(width), names, rotation=0 if width <= 5 else 40, ha="center" if width <= 5 else "right")
    axis.set_yticks(range(height), list(map(printed, table.index)))
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    for y, values in enumerate(table.to_numpy()):
        for x, value in enumerate(values):
            text = "-" if pd.isna(value) else f"{value:.1f}"
            axis.text(x, y, text, ha="center", va="center", fontsize=8, color="white" if value < 55 else "black")
    title = "mean accuracy over the noisy rates, %" if len(noisy) else "accuracy, %"
    figure.suptitle(title, fontsize=10, fontweight="bold")
    figure.colorbar(image, ax=axis, fraction=0.05, pad=0.02).outline.set_visible(False)
    return figure
