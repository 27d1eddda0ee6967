"""Upright shapes of the procedural world; rotated by 180 degrees, all but the first six and `ladder` look different."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from datamodules import reading
from datamodules.synthetic import sdf
from datamodules.synthetic.sdf import Figure


def _figure(name: str, *parts: Any) -> Figure:
    """A figure that is described by a function of `sdf` and its arguments, which may be figures."""
    points = (tuple(part) if isinstance(part, list) and not isinstance(part[0], str) else part for part in parts)
    figure: Figure = getattr(sdf, name)(*(_figure(*part) if isinstance(part, list) else part for part in points))
    return figure


_DESCRIBED = reading.facts_beside(__file__)
SHAPES: dict[str, Figure] = {name: _figure(*described) for name, described in _DESCRIBED.items()}


def distances(names: tuple[str, ...], size: int = 64, reach: float = 1.25) -> Tensor:
    """Signed distances [len(names), size, size], float64, of shapes on a grid from -reach to reach, top row first."""
    axis = (torch.arange(size, dtype=torch.float64) + 0.5) * (2 * reach / size) - reach
    y, x = torch.meshgrid(-axis, axis, indexing="ij")
    return torch.stack([SHAPES[name](x, y) for name in names])
