"""How every picture looks: sober axes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmark.report.palette import GREY, LineStyle
from benchmark.report.pictures.hidden_lines import move_apart
from datamodules import reading

COLUMNS = (4, 3)
#: Inches: the inside of a panel, a name of the legend, the narrowest figure.
PANEL, LEGEND, NARROWEST = (2.45, 1.9), (1.45, 0.19), 4.2
#: Letters of a panel's title.
LONGEST_TITLE = 28
#: Inches of a letter and of a line of the caption.
CAPTION = (0.075, 0.19)


class Margins(NamedTuple):
    """Inches around and between panels."""

    left: float
    right: float
    top: float
    bottom: float
    across: float
    down: float


class Labels(NamedTuple):
    """Inches from an axis to its label."""

    below: float
    beside: float


LABELS = Labels(below=0.38, beside=0.42)
MARGINS = Margins(left=0.62, right=0.15, top=0.32, bottom=0.64, across=0.2, down=0.8)

_SETTINGS: dict[Any, Any] = reading.facts_beside(__file__)


@contextmanager
def styled() -> Iterator[None]:
    """The settings for all drawing; the caller's own come back afterwards."""
    with matplotlib.rc_context(_SETTINGS):
        yield


def line(look: LineStyle) -> dict[str, Any]:
    """A look as matplotlib's keyword arguments."""
    dash: Any = (0, look.dash) if look.dash else "-"
    return {"color": look.colour, "marker": look.marker, "linestyle": dash}


def panels(count: int) -> tuple[Figure, list[Axes]]:
    """A figure with so many panels in rows that share their y axis; `label` places them."""
    columns = in_a_row(count, COLUMNS)
    figure = Figure()
    grid = figure.subplots(math.ceil(count / columns), columns, squeeze=False, sharey=True)
    axes = list(grid.flat)
    for spare in axes[count:]:
        spare.remove()
    return figure, axes[:count]


def in_a_row(count: int, choices: Sequence[int]) -> int:
    """How many of `count` panels stand in a row: all, or the choice that leaves the fullest last row.

    >>> [in_a_row(count, (4, 3)) for count in (3, 4, 5, 6, 7)]
    [3, 4, 3, 3, 4]
    """
    return count if count <= max(choices) else max(choices, key=lambda number: ((count - 1) % number / number, number))


def title(axis: Axes, text: str) -> None:
    """Name a panel; a name that is too long for it is shown by its end."""
    axis.set_title(text if len(text) <= LONGEST_TITLE else f"…{text[1 - LONGEST_TITLE :]}")


def label(figure: Figure, axes: list[Axes], across: str, up: str, caption: str = "") -> None:
    """Name the axes once per column and row, put one legend below all panels, and the caption above them."""
    columns = in_a_row(len(axes), COLUMNS)
    for i, axis in enumerate(axes):
        if i + columns >= len(axes):
            axis.set_xlabel(across)
        if i % columns == 0:
            axis.set_ylabel(up)
    entries: dict[str, Any] = {}
    for axis in axes:
        for handle, name in zip(*axis.get_legend_handles_labels(), strict=True):
            entries.setdefault(name, handle)
    _place(figure, len(axes), entries, caption)
    for axis in axes:
        width, height = figure.get_size_inches() * axis.get_position().size
        axis.xaxis.set_label_coords(0.5, -LABELS.below / height)
        axis.yaxis.set_label_coords(-LABELS.beside / width, 0.5)
        move_apart(figure, axis)


def _place(figure: Figure, count: int, entries: dict[str, Any], caption: str) -> None:
    """Panels of equal size with the legend below, by fixed margins: measuring every text would take half the time."""
    columns = in_a_row(count, COLUMNS)
    rows = math.ceil(count / columns)
    width = max(MARGINS.left + MARGINS.right + columns * PANEL[0] + (columns - 1) * MARGINS.across, NARROWEST)
    names = max(1, int(width / LEGEND[0]))
    bottom = MARGINS.bottom + LEGEND[1] * math.ceil(len(entries) / names)
    lines = textwrap.wrap(caption, int((width - 0.2) / CAPTION[0]))
    top = MARGINS.top + CAPTION[1] * len(lines)
    height = top + bottom + rows * PANEL[1] + (rows - 1) * MARGINS.down
    figure.set_size_inches(width, height)
    figure.subplots_adjust(
        left=MARGINS.left / width, right=1 - MARGINS.right / width, top=1 - top / height,
        bottom=bottom / height, wspace=MARGINS.across / PANEL[0], hspace=MARGINS.down / PANEL[1],
    )  # fmt: skip
    figure.legend(list(entries.values()), list(entries), loc="lower center", ncols=names)
    figure.text(0.1 / width, 1 - 0.1 / height, "\n".join(lines), va="top", color=GREY)
