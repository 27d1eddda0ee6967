"""Colours that the colour-blind can tell apart, the same for a method in every picture, report and folder."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

#: Okabe and Ito's colours, without the yellow that print loses, and a brown.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
#: Lengths of ink and gap; none is a solid line.
DASHES: tuple[tuple[float, ...], ...] = ((), (5, 1.5), (1, 1), (5, 1, 1, 1), (8, 2), (3, 1, 1, 1, 1, 1))
#: Behind a name before it is hashed: with this number the methods of the default grid have eight colours.
SALT = 490
ZERO_SHOT = "zero_shot"
GREY = "#767676"
#: Lines of methods that are not among the `MOST` with the best average rank.
FAINT = "#bdbdbd"
#: The least contrast of text on white.
LEGIBLE = 4.5
#: How many methods a picture shows in colour.
MOST = 8


@dataclass(frozen=True)
class LineStyle:
    """How a method is drawn: colour, matplotlib's marker, and dash."""

    colour: str
    marker: str
    dash: tuple[float, ...]


def contrast(colour: str) -> float:
    """The contrast of text in this colour on white, 1 to 21, as the web's guidelines (WCAG 2) compute it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def ink(colour: str) -> str:
    """The colour, darkened until its contrast is `LEGIBLE`: what text of a line's colour is written in."""
    shades = ("#" + "".join(f"{int(colour[i : i + 2], 16) * part // 100:02x}" for i in (1, 3, 5))
              for part in range(100, 0, -2))  # fmt: skip
    return next(shade for shade in shades if contrast(shade) >= LEGIBLE)


def line_styles(methods: Iterable[str]) -> dict[str, LineStyle]:
    """A style for each method; zero-shot CLIP is always a grey dashed line.

    The colour depends on the name alone, and a variant such as `gce[q=0.5]` has the colour of its method. So do dash
    and marker, unless another method here has the same colour with the dash or the marker: then one of them gets the
    next that is free.

    >>> line_styles(["gce"])["gce"] == line_styles(["coop", "gce", "my_method"])["gce"]
    True
    """
    found = {ZERO_SHOT: LineStyle(GREY, "", (4, 2))}
    for method in sorted(set(methods) - {ZERO_SHOT}, key=lambda name: ("[" in name, name)):
        wanted = _styles(method)
        same = [style for style in found.values() if style.colour == wanted[0].colour]
        dashes, markers = {style.dash for style in same}, {style.marker for style in same}
        unlike = (style for style in wanted if style.dash not in dashes and style.marker not in markers)
        other = (style for style in wanted if style.dash not in dashes)
        found[method] = next(unlike, None) or next(other, None) or next((s for s in wanted if s not in same), wanted[0])
    return found


def numbered(index: int) -> LineStyle:
    """The style of the line with this number, for lines that are not methods."""
    return LineStyle(
        COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)], DASHES[index // len(COLOURS) % len(DASHES)]
    )


def _styles(method: str) -> list[LineStyle]:
    """All styles in the colour of a name, its own first."""
    base, variant, _ = method.partition("[")
    number = _number(base)
    colour, dash = number % len(COLOURS), number // len(COLOURS)
    marker = colour + dash
    if variant:
        dash += 1 + _number(method) % (len(DASHES) - 1)
        marker += 1
    return [
        LineStyle(COLOURS[colour], MARKERS[(marker + i) % len(MARKERS)], DASHES[(dash + j) % len(DASHES)])
        for i, j in product(range(len(MARKERS)), range(len(DASHES)))
    ]


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{name}{SALT}".encode(errors="replace")).digest()[:4], "big")
