"""Signed distance functions of plane figures in the box from -1 to 1, y upwards: negative inside, in the same units.

A figure maps tensors x and y of one shape to distances of that shape. Unions and cuts by `min` and `max` keep the
outline exact, which is all that rendering needs; other distances are then approximate.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import cos, pi, sin

import torch
from torch import Tensor

Point = tuple[float, float]
Figure = Callable[[Tensor, Tensor], Tensor]


def disc(radius: float, cx: float = 0.0, cy: float = 0.0) -> Figure:
    """Disc of a radius around (cx, cy).

    >>> disc(0.5)(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 0.0]))
    tensor([-0.5000,  0.5000])
    """
    return lambda x, y: ((x - cx) ** 2 + (y - cy) ** 2).sqrt() - radius


def ellipse(rx: float, ry: float, cx: float = 0.0, cy: float = 0.0) -> Figure:
    """Filled ellipse with half axes `rx` and `ry`; distances are approximate."""

    def distance(x: Tensor, y: Tensor) -> Tensor:
        u, v = (x - cx) / rx, (y - cy) / ry
        level = (u**2 + v**2).sqrt()
        slope = ((u / rx) ** 2 + (v / ry) ** 2).sqrt().clamp_min(1e-9)
        return level * (level - 1) / slope

    return distance


def box(x0: float, y0: float, x1: float, y1: float) -> Figure:
    """Filled rectangle between two opposite corners."""
    return polygon((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def polygon(*corners: Point) -> Figure:
    """Filled polygon, convex or not: distance to the nearest edge, sign by the even-odd rule."""

    def distance(x: Tensor, y: Tensor) -> Tensor:
        squared = torch.full_like(x, float("inf"))
        inside = torch.zeros_like(x, dtype=torch.bool)
        for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1], strict=True):
            squared = torch.minimum(squared, _squared_to_segment(x, y, ax, ay, bx, by))
            if ay != by:
                crossed = (x - ax) < (bx - ax) * (y - ay) / (by - ay)
                inside ^= ((ay > y) != (by > y)) & crossed
        return torch.where(inside, -squared.sqrt(), squared.sqrt())

    return distance


def line(width: float, *points: Point) -> Figure:
    """Polyline through the points, `width` wide, with round ends."""

    def distance(x: Tensor, y: Tensor) -> Tensor:
        squared = torch.full_like(x, float("inf"))
        for (ax, ay), (bx, by) in pairwise(points):
            squared = torch.minimum(squared, _squared_to_segment(x, y, ax, ay, bx, by))
        return squared.sqrt() - width / 2

    return distance


def arc(width: float, radius: float, start: float, stop: float, cx: float = 0.0, cy: float = 0.0) -> Figure:
    """Circular arc, `width` wide, from angle `start` to `stop`, in degrees counter-clockwise from the right."""
    angles = [(start + (stop - start) * step / 24) * pi / 180 for step in range(25)]
    return line(width, *((cx + radius * cos(a), cy + radius * sin(a)) for a in angles))


def star(points: int, outer: float, inner: float, cx: float = 0.0, cy: float = 0.0) -> Figure:
    """Filled star with one point upwards."""
    turns = [pi / 2 + pi * step / points for step in range(2 * points)]
    radii = [outer, inner] * points
    return polygon(*((cx + r * cos(a), cy + r * sin(a)) for r, a in zip(radii, turns, strict=True)))


def union(*figures: Figure) -> Figure:
    """Union of figures."""
    return lambda x, y: torch.stack([figure(x, y) for figure in figures]).amin(0)


def common(*figures: Figure) -> Figure:
    """Intersection of figures."""
    return lambda x, y: torch.stack([figure(x, y) for figure in figures]).amax(0)


def cut(figure: Figure, *holes: Figure) -> Figure:
    """Difference of a figure and holes."""
    return lambda x, y: torch.maximum(figure(x, y), -union(*holes)(x, y))


def _squared_to_segment(x: Tensor, y: Tensor, ax: float, ay: float, bx: float, by: float) -> Tensor:
    """Squared distances to the segment from (ax, ay) to (bx, by)."""
    dx, dy = bx - ax, by - ay
    along = (((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12)).clamp(0, 1)
    return (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2
