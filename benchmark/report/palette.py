"""Colours that the colour-blind can tell apart, the same for a method in every picture and on the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

#: Okabe and Ito's colours, without the yellow that print loses.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
#: Lengths of ink and gap; none is a solid line.
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1, 1), (5, 1, 1, 1))
ZERO_SHOT = "zero_shot"
GREY = "#767676"


@dataclass(frozen=True)
class LineStyle:
    """How a method is drawn: colour, matplotlib's marker, and dash."""

    colour: str
    marker: str
    dash: tuple[float, ...]


def line_styles(methods: Iterable[str]) -> dict[str, LineStyle]:
    """A look for each method, by its place in the alphabet; zero-shot CLIP is always a grey dashed line."""
    others = [method for method in sorted(set(methods)) if method != ZERO_SHOT]
    found = {
        method: LineStyle(COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)], DASHES[i // len(COLOURS) % len(DASHES)])
        for i, method in enumerate(others)
    }
    return {**found, ZERO_SHOT: LineStyle(GREY, "", (4, 2))}
