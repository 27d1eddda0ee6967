"""One large panel with names at its lines' ends, and small panels beside or below it."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from benchmark.report.palette import GREY, ink
from benchmark.report.pictures.style import in_a_row

#: Inches: the inside of the large panel and of small ones, the width of a large one with none beside it, and margins.
LARGE, SMALL, ALONE = (4.1, 3.3), (1.6, 1.25), 5.6
LEFT, RIGHT, BOTTOM, ACROSS, DOWN = 0.6, 0.12, 0.55, 0.14, 0.55
#: Inches that a line of text is high and a letter wide, in the headline, the caption, and the names of lines.
HEADLINE, CAPTION, NAME = (0.24, 0.11), (0.18, 0.075), (0.165, 0.073)
#: Rows and columns of small panels that stand beside the large one; others stand below it.
BESIDE = {2: (2, 1), 4: (2, 2), 6: (2, 3)}


@dataclass(frozen=True)
class Lead:
    """The words of such a picture: headline and caption above it, both axes, and the names of its lines."""

    headline: str
    caption: str
    across: str
    up: str
    names: Sequence[str]

    def name_lines(self, figure: Figure, axis: Axes) -> None:
        """Write each line's name at its end, moved up or down where names would overlap."""
        low, high = axis.get_ylim()
        place = axis.get_position()
        width, height = figure.get_figwidth() * place.width, figure.get_figheight() * place.height
        lines = [line for line in axis.lines if not str(line.get_label()).startswith("_")]
        ends = sorted((float(np.asarray(line.get_ydata())[-1]), i) for i, line in enumerate(lines))
        free = moved_apart([y for y, _ in ends], NAME[0] / height * (high - low), low, high)
        for (end, i), y in zip(ends, free, strict=True):
            name, colour, across = str(lines[i].get_label()), str(lines[i].get_color()), axis.get_yaxis_transform()
            thin: dict[str, Any] = {"color": colour, "clip_on": False, "transform": across, "label": "_"}
            axis.plot([1, 1 + 0.11 / width], [end, y], linewidth=0.8, **thin)
            axis.plot([1 + 0.17 / width], [y], marker=lines[i].get_marker(), **thin)
            axis.text(1 + 0.25 / width, y, name, color=ink(colour), va="center", fontsize=9, transform=across)
        axis.set_ylim(low, high)


def lead(frame: Lead, count: int) -> tuple[Figure, Axes, list[Axes]]:
    """A figure with the large panel and `count` small ones, which share its y axis."""
    below = in_a_row(count, (6, 5, 4))
    rows, columns = BESIDE.get(count) or (math.ceil(count / max(below, 1)), below)
    beside, room = count in BESIDE, 0.4 + NAME[1] * max(map(len, frame.names), default=0)
    small_width = columns * (SMALL[0] + ACROSS)
    if beside:
        width = LEFT + LARGE[0] + room + LEFT - 0.1 + small_width + RIGHT
    else:
        width = LEFT + max(ALONE + room, small_width) + RIGHT
    headline, caption = _wrapped(frame.headline, HEADLINE, width), _wrapped(frame.caption, CAPTION, width)
    top = 0.42 + HEADLINE[0] * len(headline) + CAPTION[0] * len(caption)
    height = top + LARGE[1] + BOTTOM + (0 if beside or not rows else rows * (SMALL[1] + DOWN) + 0.15)
    figure = Figure(figsize=(width, height))

    def panel(left: float, down: float, size: tuple[float, float], like: Axes | None = None) -> Axes:
        """An axis at so many inches from the left and from the top."""
        place = (left / width, 1 - (down + size[1]) / height, size[0] / width, size[1] / height)
        return figure.add_axes(place, sharey=like)

    large_width = LARGE[0] if beside else width - LEFT - room - RIGHT
    large = panel(LEFT, top, (large_width, LARGE[1]))
    large.set(xlabel=frame.across, ylabel=frame.up)
    large.margins(x=0.02)
    large.yaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10], integer=True))
    start = LEFT + LARGE[0] + room + LEFT - 0.1 if beside else LEFT
    small_height = (LARGE[1] - (rows - 1) * DOWN) / rows if beside else SMALL[1]
    step = (SMALL[0] if beside else (width - start - RIGHT + ACROSS) / columns - ACROSS) if count else 0.0
    small = []
    for i in range(count):
        row, column = divmod(i, columns)
        down = top + row * (small_height + DOWN) + (0 if beside else LARGE[1] + BOTTOM + 0.35)
        small.append(panel(start + column * (step + ACROSS), down, (step, small_height), large))
        small[-1].tick_params(labelleft=column == 0, labelsize=8)
        small[-1].title.set_fontsize(9)
    _write(figure, headline, caption)
    return figure, large, small


def moved_apart(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Sorted places moved as little as needed to stand `least` apart between `low` and `high`, if there is room.

    >>> moved_apart([1.0, 1.0, 5.0], 1.0, 0.0, 9.0)
    [0.5, 1.5, 5.0]
    """
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _bounds(groups[-2], least)[1] + least > _bounds(groups[-1], least)[0]:
            groups[-2:] = [groups[-2] + groups[-1]]
    moved = [_bounds(group, least)[0] + least * i for group in groups for i in range(len(group))]
    for i in range(len(moved)):
        moved[i] = max(moved[i], low + least * (i + 0.5))
    for i in reversed(range(len(moved))):
        moved[i] = min(moved[i], high - least * (len(moved) - i - 0.5))
    return moved


def _bounds(group: Sequence[float], least: float) -> tuple[float, float]:
    """Where the first and the last of a group stand when its middle is its mean."""
    middle, half = sum(group) / len(group), least * (len(group) - 1) / 2
    return middle - half, middle + half


def _wrapped(text: str, size: tuple[float, float], width: float) -> list[str]:
    """Lines that fit the width; of a text that takes several, each sentence begins one."""
    most = int((width - 0.2) / size[1])
    sentences = [text] if len(text) <= most else text.replace(". ", ".\n").split("\n")
    return [line for sentence in sentences for line in textwrap.wrap(sentence, most)]


def _write(figure: Figure, headline: Sequence[str], caption: Sequence[str]) -> None:
    width, height = figure.get_size_inches()
    down = 0.12
    styles: tuple[dict[str, Any], ...] = ({"fontsize": 13, "fontweight": "bold"}, {"fontsize": 9, "color": GREY})
    for lines, (high, _), style in zip((headline, caption), (HEADLINE, CAPTION), styles, strict=True):
        for text in lines:
            figure.text(0.1 / width, 1 - down / height, text, va="top", **style)
            down += high
