"""Digits of the procedural world: printed in matplotlib's fonts, and handwritten as randomly perturbed strokes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from datamodules import reading
from datamodules.synthetic.scene import REACH

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_KNOWN = reading.facts_beside(__file__)
FONTS, _STROKES = _KNOWN["fonts"], _KNOWN["strokes"]


@cache
def printed(size: int = 64) -> Tensor:
    """Signed distances [10, fonts, size, size], float32, of digits in FONTS."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return torch.stack([torch.stack([_typeset(f"{d}", folder / f"{f}.ttf", size) for f in FONTS]) for d in range(10)])


def handwritten(rng: np.random.Generator, variants: int = 24, size: int = 64) -> Tensor:
    """Signed distances [10, variants, size, size], float32, of digits with randomly perturbed strokes."""
    return torch.stack([torch.stack([_written(_STROKES[name], rng, size) for _ in range(variants)]) for name in DIGITS])


def _typeset(text: str, font: Path, size: int) -> Tensor:
    """Signed distances [size, size] of centred text, about as high as the box from -1 to 1."""
    big = 4 * size
    picture = Image.new("L", (big, big))
    face = ImageFont.truetype(str(font), int(big / REACH))
    left, top, right, bottom = face.getbbox(text)
    middle = ((big - left - right) / 2, (big - top - bottom) / 2)
    ImageDraw.Draw(picture).text(middle, text, fill=255, font=face)
    return _distances(np.asarray(picture), size)


def _written(strokes: Sequence[Sequence[Sequence[float]]], rng: np.random.Generator, size: int) -> Tensor:
    """Signed distances [size, size] of strokes with random perturbations of points, width and proportions."""
    big = 4 * size
    picture = Image.new("L", (big, big))
    pen = ImageDraw.Draw(picture)
    radius = big / (2 * REACH) * rng.uniform(0.09, 0.2)
    proportion = np.array([rng.uniform(0.7, 1.25), rng.uniform(0.8, 1.0)])
    for stroke in strokes:
        points = np.array(stroke) * proportion + rng.normal(0, 0.07, (len(stroke), 2))
        for x, y in _smooth(points) * (1, -1) * (big / (2 * REACH)) + big / 2:
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return _distances(np.asarray(picture), size)


def _smooth(points: NDArray[np.float64], steps: int = 12) -> NDArray[np.float64]:
    """Points [m, 2] on the Catmull-Rom curve through `points` [n, 2]; a repeated point makes a corner."""
    ends = np.concatenate((points[:1], points, points[-1:]))
    t = (np.arange(steps) / steps)[:, None]
    curves = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        bend = 2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
        curves.append(bend / 2)
    return np.concatenate((*curves, points[-1:]))


def _distances(picture: NDArray[np.uint8], size: int) -> Tensor:
    """Signed distances [size, size], in figure units, of a larger square image."""
    inside = picture > 127
    signed = distance_transform_edt(~inside) - distance_transform_edt(inside)
    factor = len(picture) // size
    small = signed.reshape(size, factor, size, factor).mean((1, 3)) * (2 * REACH / len(picture))
    return torch.from_numpy(small).float()
