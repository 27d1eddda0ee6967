"""How every picture looks: sober axes, and files that do not change by themselves."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from benchmark.report.palette import LineStyle

COLUMNS = 4

_SETTINGS: dict[Any, Any] = {
    "svg.hashsalt": "promptnoise",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": "#e4e4e4",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "lines.markersize": 4,
    "legend.frameon": False,
}


@contextmanager
def styled() -> Iterator[None]:
    """The settings for all drawing; the caller's own come back afterwards."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def line(look: LineStyle) -> dict[str, Any]:
    """A look as matplotlib's keyword arguments."""
    dash: Any = (0, look.dash) if look.dash else "-"
    return {"color": look.colour, "marker": look.marker, "linestyle": dash}


def panels(count: int, width: float = 2.9, height: float = 2.5) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels, at most `COLUMNS` in a row, that share their y axis."""
    columns = min(count, COLUMNS)
    rows = math.ceil(count / columns)
    figure = Figure(figsize=(max(width * columns, 4.2), height * rows + 0.6), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharey=True)
    axes = list(grid.flat)
    for spare in axes[count:]:
        spare.set_visible(False)
    return figure, axes[:count]


def label(figure: Figure, axes: list[Axes], across: str, up: str) -> None:
    """Name the axes once per column and row, and put one legend below all panels."""
    columns = min(len(axes), COLUMNS)
    for i, axis in enumerate(axes):
        if i + columns >= len(axes):
            axis.set_xlabel(across)
        if i % columns == 0:
            axis.set_ylabel(up)
    _legend(figure, axes)


def _legend(figure: Figure, axes: Iterable[Axes]) -> None:
    """One legend below the panels, each name once."""
    entries: dict[str, Any] = {}
    for axis in axes:
        for handle, label in zip(*axis.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    columns = max(1, int(figure.get_figwidth() / 1.45))
    figure.legend(list(entries.values()), list(entries), loc="outside lower center", ncols=columns)


def render(figure: Figure) -> dict[str, bytes]:
    """A figure as "png" and "svg"; the same figure gives the same bytes."""
    figure.set_dpi(160)
    png: Any = FigureCanvasAgg(figure)
    svg: Any = FigureCanvasSVG(figure)
    files = {"png": io.BytesIO(), "svg": io.BytesIO()}
    png.print_png(files["png"], metadata={"Software": None})
    figure.set_layout_engine("none")  # laid out once, not once per file
    svg.print_svg(files["svg"], metadata={"Date": None, "Creator": None})
    return {kind: file.getvalue() for kind, file in files.items()}
