"""Accuracy against noise rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmark.analysis.by_method import Spreads
from benchmark.analysis.leaderboard import rate_name
from benchmark.plan.method_names import printed
from benchmark.plan.short_names import short_names
from benchmark.report.blocks import in_colour
from benchmark.report.palette import FAINT, ZERO_SHOT, LineStyle, line_styles
from benchmark.report.pictures.hidden_lines import move_apart
from benchmark.report.pictures.lead import Lead, lead
from benchmark.report.pictures.style import line

#: Ticks that have room for a number below a large and below a small panel.
MOST_TICKS, MOST_TICKS_SMALL = 12, 4


def against_noise(
    board: pd.DataFrame, methods: list[str], headline: str = "", caption: str = "", spreads: Spreads | None = None
) -> Figure:
    """The mean over data sets, large, with names at the lines' ends, and a small panel per data set.

    Bands are one standard error over seeds. Of more than `MOST` methods those with the best average rank are in
    colour, the others grey.

    `board` is one kind of noise and setting; all `methods` of the campaign fix dashes and markers. `spreads` has the
    standard deviation over seeds of the mean over data sets and the number of seeds, by method and rate.
    """
    placed = board.assign(x=_position(board)).dropna(subset=["x"])
    datasets = sorted(board["dataset"].unique())
    short, shown = short_names(datasets), in_colour(board)
    look = {name: style for name, style in line_styles(methods).items() if name in shown}
    others = len(set(board["method"]) - look.keys())
    caption += f"; the {others} methods with a lower average rank in grey" if others and caption else ""
    frame = Lead(headline, caption, "wrong labels, %", _measure(board), [printed(name) for name in look])
    figure, large, small = lead(frame, len(datasets) if len(datasets) > 1 else 0)
    if len(datasets) > 1:
        _curves(large, _mean(placed, len(datasets), spreads or {}), look)
        large.set_title(f"mean of {len(datasets)} data sets")
        for axis, dataset in zip(small, datasets, strict=True):
            _curves(axis, placed[placed["dataset"] == dataset], look, MOST_TICKS_SMALL)
            axis.set_title(short[dataset])
    else:
        _curves(large, placed, look)
        large.set_title(short[datasets[0]])
    frame.name_lines(figure, large)
    for axis in (large, *small):
        move_apart(figure, axis)
    return figure


def _measure(board: pd.DataFrame) -> str:
    return "harmonic mean of seen and unseen, %" if (board["paradigm"] == "trzsl").any() else "test accuracy, %"


def _mean(placed: pd.DataFrame, datasets: int, spreads: Spreads) -> pd.DataFrame:
    """Means over all data sets, at the mean of their rates; without methods that lack one."""
    whole = placed.groupby(["method", "rate"], as_index=False, dropna=False)
    mean = whole.agg(mean=("mean", "mean"), x=("x", "mean"), count=("dataset", "nunique"))
    complete: pd.DataFrame = mean[mean["count"] == datasets].copy()
    places = zip(complete["method"], complete["rate"].map(rate_name), strict=True)
    known = [spreads.get(place, (np.nan, 1)) for place in places]
    complete[["std", "seeds"]] = np.array(known).reshape(-1, 2)
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
            x, mean, std, seeds = band[["x", "mean", "std", "seeds"]].to_numpy(float).T
            bands.append(_outline(x, mean, std / np.sqrt(seeds)))
    axis.add_collection(PolyCollection(bands, facecolors=colours, alpha=0.18, linewidths=0))
    _ticks(axis, sorted(rows["x"].round(1).unique()), most)


def _ticks(axis: Axes, places: Sequence[float], most: int) -> None:
    """Ticks at the noise rates, to one decimal; of those that stand close together the first is named."""
    named: list[float] = []
    for place in places:
        if not named or place - named[-1] >= (places[-1] - places[0]) / most:
            named.append(place)
    axis.set_xticks(places, [f"{place:g}" if place in named else "" for place in places])


def _outline(x: NDArray[np.float64], mean: NDArray[np.float64], half: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners [2 n, 2] of the band of `half` a width to both sides: there above the means [n], back below them."""
    return np.stack([np.concatenate([x, x[::-1]]), np.concatenate([mean + half, (mean - half)[::-1]])], axis=1)
