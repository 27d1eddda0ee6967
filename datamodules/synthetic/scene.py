"""Parameters of images of the procedural world: one figure on a ground, with light and image quality."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SIZE = 32
REACH = 1.25

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.12, 0.12), "orange": (0.95, 0.52, 0.08), "yellow": (0.95, 0.88, 0.15), "green": (0.15, 0.65, 0.22),
    "cyan": (0.2, 0.8, 0.82), "blue": (0.14, 0.28, 0.85), "purple": (0.52, 0.18, 0.72), "pink": (0.97, 0.58, 0.75),
    "brown": (0.45, 0.27, 0.12), "white": (0.97, 0.97, 0.97), "gray": (0.5, 0.5, 0.5), "black": (0.05, 0.05, 0.05),
}  # fmt: skip
PATTERNS = ("plain", "striped", "dotted", "checkered", "shaded")
GROUNDS = ("plain", "gradient", "lined", "cloudy")


@dataclass(frozen=True)
class Scenes:
    """Parameters of B scenes, each [B] unless it says otherwise; the image spans -1 to 1, y upwards.

    Attributes:
        figure: index of the figure in the bank.
        ink, ground: colours [B, 3] of the figure and of the background, 0 to 1.
        size: half width of the figure's box; x, y: its centre; angle: degrees counter-clockwise.
        stretch: factor of the width and divisor of the height; slant: shear.
        wobble, phase: amplitude, in figure units, and phase of bends.
        bold: growth of the outline, in figure units; hollow: 1 if only an outline is drawn.
        pattern: index into PATTERNS; backdrop: index into GROUNDS; pitch: angular frequency of the lines of a backdrop.
        clutter: number of specks, 0 to 4.
        blur: standard deviation in pixels; grain: standard deviation, 0 to 1; blocks: resolution in pixels, 32 is full.
        light: factors [B, 3] of the channels; fade: share of light gray in the colours, 0 to 1.
    """

    figure: NDArray[np.int64]
    ink: Floats
    ground: Floats
    size: Floats
    x: Floats
    y: Floats
    angle: Floats
    stretch: Floats
    slant: Floats
    wobble: Floats
    phase: Floats
    bold: Floats
    hollow: Floats
    pattern: NDArray[np.int64]
    backdrop: NDArray[np.int64]
    pitch: Floats
    clutter: Floats
    blur: Floats
    grain: Floats
    blocks: NDArray[np.int64]
    light: Floats
    fade: Floats

    def __len__(self) -> int:
        return len(self.figure)

    def part(self, rows: slice) -> Scenes:
        """The scenes in `rows`."""
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self)})
