"""Accuracy against noise rate, and methods against data sets."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmark.report.palette import ZERO_SHOT, line_styles
from benchmark.report.pictures.style import label, line, panels, title

#: Room for numbers in the squares of a heat map, in inches.
SQUARE = (0.95, 0.34)


def against_noise(board: pd.DataFrame, methods: list[str]) -> Figure:
    """A panel per data set and one for their mean; bands are one standard deviation over seeds.

    Args:
        board: One kind of noise and one setting of the leaderboard.
        methods: All methods of the campaign, which fix the colours.
    """
    placed = board.assign(x=_position(board)).dropna(subset=["x"])
    datasets = sorted(board["dataset"].unique())
    figure, axes = panels(len(datasets) + (len(datasets) > 1))
    for axis, dataset in zip(axes, datasets, strict=False):
        _curves(axis, placed[placed["dataset"] == dataset], methods)
        title(axis, dataset)
    if len(datasets) > 1:
        whole = placed.groupby(["method", "x"], as_index=False)
        mean = whole.agg(mean=("mean", "mean"), count=("dataset", "nunique")).assign(std=float("nan"))
        _curves(axes[-1], mean[mean["count"] == len(datasets)], methods)
        axes[-1].set_title(f"mean of {len(datasets)} data sets")
    label(figure, axes, "wrong labels, %", "test accuracy, %")
    return figure


def _position(board: pd.DataFrame) -> pd.Series[float]:
    """Where a cell stands on the axis in percent: the rate asked for, or the one measured; NaN if neither is known."""
    measured = board.groupby(["dataset", "noise", "rate"], dropna=False)["realised"].transform("mean")
    return 100 * board["rate"].fillna(measured)


def _curves(axis: Axes, rows: pd.DataFrame, methods: list[str]) -> None:
    look, bands, colours = line_styles(methods), [], []
    for method, own in rows.groupby("method", sort=True):
        curve = own.sort_values("x")
        name = str(method)
        if name == ZERO_SHOT:
            axis.axhline(curve["mean"].iloc[0], label="zero-shot", zorder=1, **line(look[name]))
            continue
        axis.plot(curve["x"], curve["mean"], label=name, **line(look[name]))
        if len(band := curve.dropna(subset=["std"])):
            colours.append(look[name].colour)
            bands.append(_outline(*band[["x", "mean", "std"]].to_numpy().T))
    axis.add_collection(PolyCollection(bands, facecolors=colours, alpha=0.18, linewidths=0))
    axis.set_xticks(sorted(rows["x"].round(4).unique()))
    axis.xaxis.set_major_formatter("{x:g}")
    axis.tick_params(axis="x", labelrotation=0 if rows["x"].nunique() < 6 else 60)


def _outline(x: NDArray[np.float64], mean: NDArray[np.float64], std: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners [2 n, 2] of the band of one standard deviation: there above the means [n], back below them."""
    return np.stack([np.concatenate([x, x[::-1]]), np.concatenate([mean + std, (mean - std)[::-1]])], axis=1)


def heat_map(board: pd.DataFrame) -> Figure:
    """Methods down, data sets across: mean accuracy over the noisy rates, or at rate 0, in percent."""
    noisy = board[board["rate"] != 0]
    rows = noisy if len(noisy) else board
    table = rows.pivot_table(index="method", columns="dataset", values="mean", aggfunc="mean")
    table = table.loc[rows.groupby("method")["rank"].mean().sort_values(kind="stable").index]
    height, width = table.shape
    figure = Figure(figsize=(2.4 + SQUARE[0] * width, 1.3 + SQUARE[1] * height), layout="constrained")
    axis = figure.subplots()
    image = axis.imshow(table.to_numpy(), aspect="auto", cmap="cividis", vmin=0, vmax=100)
    axis.set_xticks(
        range(width), list(table.columns), rotation=0 if width <= 5 else 40, ha="center" if width <= 5 else "right"
    )
    axis.set_yticks(range(height), list(table.index))
    axis.grid(False)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)
    for y, values in enumerate(table.to_numpy()):
        for x, value in enumerate(values):
            text = "-" if pd.isna(value) else f"{value:.1f}"
            axis.text(x, y, text, ha="center", va="center", fontsize=8, color="white" if value < 55 else "black")
    axis.set_title("mean accuracy over the noisy rates, %" if len(noisy) else "accuracy, %")
    figure.colorbar(image, ax=axis, fraction=0.05, pad=0.02).outline.set_visible(False)
    return figure
