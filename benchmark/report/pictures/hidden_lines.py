"""Lines that others would hide, drawn beside them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

#: Points within which a line hides another one, and by which it is then moved down.
HIDES, STEP = 0.8, 2.0


def move_apart(figure: Figure, axis: Axes) -> None:
    """Draw each named line that runs along an earlier one a little below it; its data stay. After the axis' layout."""
    unit = np.ptp(axis.get_ylim()) / (72 * axis.get_position().height * figure.get_figheight())
    steps: dict[Line2D, int] = {}
    for line in (each for each in axis.lines if not str(each.get_label()).startswith("_")):
        hidden = [step for other, step in steps.items() if _gap(line, other) < HIDES * unit]
        steps[line] = max(hidden, default=-1) + 1
        moved = ScaledTranslation(0, -STEP * steps[line] / 72, figure.dpi_scale_trans)
        line.set_transform(line.get_transform() + moved)


def _gap(line: Line2D, other: Line2D) -> float:
    """How far two lines are apart where they are farthest; a level line goes all the way."""
    (x, y), (u, v) = (np.asarray(each.get_data(), float) for each in (line, other))
    if min(len(x), len(u)) == 0:
        return float("inf")
    level = len(v) > 0 and np.ptp(v) == 0
    return float(np.abs(y - (v[0] if level else np.interp(x, u, v))).max())
