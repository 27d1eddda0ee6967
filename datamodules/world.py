"""The procedural world: what a small picture holds, as numbers, and how it is painted.

A scene is one figure on a ground, seen through a lens. Painting is deterministic: all chance lies in the scenes and in
the generator handed to `paint`, and in float64 the bytes are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Floats = NDArray[np.float64]

SIZE = 32
REACH = 1.25

COLOURS: dict[str, tuple[float, float, float]] = {
    "red": (0.85, 0.12, 0.12),
    "orange": (0.95, 0.52, 0.08),
    "yellow": (0.95, 0.88, 0.15),
    "green": (0.15, 0.65, 0.22),
    "cyan": (0.2, 0.8, 0.82),
    "blue": (0.14, 0.28, 0.85),
    "purple": (0.52, 0.18, 0.72),
    "pink": (0.97, 0.58, 0.75),
    "brown": (0.45, 0.27, 0.12),
    "white": (0.97, 0.97, 0.97),
    "gray": (0.5, 0.5, 0.5),
    "black": (0.05, 0.05, 0.05),
}
PATTERNS = ("plain", "striped", "dotted", "checkered", "shaded")
GROUNDS = ("plain", "gradient", "lined", "cloudy")


@dataclass(frozen=True)
class Scenes:
    """B scenes; every field is [B] unless it says otherwise. Lengths: the picture spans -1 to 1, y upwards.

    Attributes:
        figure: number of the figure in the bank.
        ink, ground: colours [B, 3] of the figure and of what lies behind, 0 to 1.
        size: half width of the figure's box; x, y: its centre; angle: degrees counter-clockwise.
        stretch: width over height; slant: shear; wobble: amplitude of bends, in figure units; phase: of the bends.
        bold: how much strokes grow, in figure units; hollow: 1 where only an outline is drawn.
        pattern: index into PATTERNS; backdrop: index into GROUNDS; pitch: stripes across a picture.
        clutter: how many of up to 4 specks there are.
        blur: standard deviation in pixels; grain: standard deviation, 0 to 1; blocks: pixels across, 32 leaves all.
        light: what each channel is multiplied by [B, 3]; fade: how far colours go to light gray, 0 to 1.
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
        """Some of the scenes."""
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def paint(scenes: Scenes, bank: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures [B, 3, 32, 32], 0 to 1, in the dtype of `bank` [M, S, S], the figures' signed distances."""
    dtype = bank.dtype

    def number(values: NDArray[np.float64] | NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(np.asarray(values, np.float64)).to(dtype)[:, None, None]

    u, v = _figure_coordinates(scenes, number)
    cover, tone = _figure(scenes, bank, u, v, number)
    chance = torch.from_numpy(rng.random((len(scenes), 3, 6, 6))).to(dtype)
    ground = torch.from_numpy(scenes.ground).to(dtype)[:, :, None, None] * _ground_tone(scenes, chance, number)
    ink = torch.from_numpy(scenes.ink).to(dtype)[:, :, None, None] * tone[:, None]
    specks = _specks(scenes, rng, dtype)
    ground = torch.lerp(ground, 1 - ink, specks[:, None] * 0.5)
    picture = torch.lerp(ground, ink, cover[:, None])
    return _lens(picture, scenes, rng)


def _axes(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Coordinates [1, 32, 32] of the pixels' centres."""
    axis = (torch.arange(SIZE, dtype=dtype) + 0.5) * (2 / SIZE) - 1
    y, x = torch.meshgrid(-axis, axis, indexing="ij")
    return x[None], y[None]


def _figure_coordinates(scenes: Scenes, number: Callable[..., Tensor]) -> tuple[Tensor, Tensor]:
    """Where each pixel lies in its figure's own coordinates, two tensors [B, 32, 32]."""
    turn = number(scenes.angle) * (pi / 180)
    x, y = _axes(turn.dtype)
    x, y = (x - number(scenes.x)) / number(scenes.size), (y - number(scenes.y)) / number(scenes.size)
    u, v = turn.cos() * x + turn.sin() * y, turn.cos() * y - turn.sin() * x
    stretch = number(scenes.stretch)
    u, v = (u - number(scenes.slant) * v) / stretch, v * stretch
    wobble, phase = number(scenes.wobble), number(scenes.phase)
    return u + wobble * (4 * v + phase).sin(), v + wobble * (4 * u + 2 * phase).sin()


def _figure(scenes: Scenes, bank: Tensor, u: Tensor, v: Tensor, number: Callable[..., Tensor]) -> tuple[Tensor, Tensor]:
    """How much of each pixel the figure covers, and the brightness of its pattern: two tensors [B, 32, 32]."""
    figures = bank[torch.from_numpy(scenes.figure)][:, None]
    where = torch.stack((u, -v), -1) / REACH
    distance = F.grid_sample(figures, where, padding_mode="border", align_corners=False)[:, 0]
    distance = distance - number(scenes.bold)
    distance = torch.where(number(scenes.hollow) > 0, (distance + 0.1).abs() - 0.12, distance)
    cover = (0.5 - distance * number(scenes.size) * (SIZE / 2)).clamp(0, 1)
    across, along = (u * 6).sin(), (v * 6).sin()
    tones = torch.stack(
        (
            torch.ones_like(u),
            (across > 0).to(u.dtype),
            (across * along).abs().gt(0.4).to(u.dtype),
            (across * along > 0).to(u.dtype),
            (0.5 + 0.6 * v).clamp(0, 1),
        )
    )
    index = torch.from_numpy(scenes.pattern)
    return cover, 0.45 + 0.55 * tones[index, torch.arange(len(index))]


def _ground_tone(scenes: Scenes, chance: Tensor, number: Callable[..., Tensor]) -> Tensor:
    """Brightness [B, 3, 32, 32] of the ground, about 1."""
    x, y = _axes(chance.dtype)
    phase = number(scenes.phase)
    slope = phase.cos() * x + phase.sin() * y
    clouds = F.interpolate(chance, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    flat = torch.stack((torch.ones_like(slope), 0.8 + 0.3 * slope, 0.85 + 0.2 * (slope * number(scenes.pitch)).sin().sign()))
    kind = torch.from_numpy(scenes.backdrop)
    tone = flat[kind.clamp(max=2), torch.arange(len(kind))][:, None]
    return torch.where((kind == 3)[:, None, None, None], 0.5 + 0.8 * clouds, tone)


def _specks(scenes: Scenes, rng: np.random.Generator, dtype: torch.dtype) -> Tensor:
    """How much of each pixel is covered by small discs [B, 32, 32]."""
    places = torch.from_numpy(rng.random((len(scenes), 4, 3))).to(dtype)[..., None, None]
    x, y = _axes(dtype)
    distance = ((x - 2 * places[:, :, 0] + 1) ** 2 + (y - 2 * places[:, :, 1] + 1) ** 2).sqrt()
    cover = ((0.06 + 0.14 * places[:, :, 2] - distance) * (SIZE / 2) + 0.5).clamp(0, 1)
    shown = torch.arange(4) < torch.from_numpy(scenes.clutter)[:, None]
    return torch.where(shown[..., None, None], cover, 0.0).amax(1)


def _lens(picture: Tensor, scenes: Scenes, rng: np.random.Generator) -> Tensor:
    """Light, blur, grain and coarse pixels, each where a scene asks for it."""
    dtype = picture.dtype

    def number(values: Floats) -> Tensor:
        return torch.from_numpy(values).to(dtype)[:, None, None, None]

    picture = torch.lerp(picture, torch.full_like(picture, 0.75), number(scenes.fade))
    picture = picture * torch.from_numpy(scenes.light).to(dtype)[:, :, None, None]
    for width in sorted({float(b) for b in scenes.blur} - {0.0}):
        rows = torch.from_numpy(scenes.blur == width)
        picture[rows] = _blurred(picture[rows], width)
    for blocks in sorted({int(b) for b in scenes.blocks} - {SIZE}):
        rows = torch.from_numpy(scenes.blocks == blocks)
        small = F.interpolate(picture[rows], size=(blocks, blocks), mode="area")
        picture[rows] = F.interpolate(small, size=(SIZE, SIZE), mode="nearest")
    grainy = scenes.grain > 0
    if grainy.any():
        rows = torch.from_numpy(grainy)
        noise = torch.from_numpy(rng.random((int(grainy.sum()), 3, SIZE, SIZE)) - 0.5).to(dtype) * 12**0.5
        picture[rows] = picture[rows] + noise * number(scenes.grain)[rows]
    return picture.clamp(0, 1)


def _blurred(picture: Tensor, width: float) -> Tensor:
    """A Gaussian blur of standard deviation `width` pixels."""
    steps = torch.arange(-4, 5, dtype=picture.dtype)
    kernel = (-(steps**2) / (2 * width**2)).exp()
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, 9)
    padded = F.pad(picture, (4, 4, 4, 4), mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel, groups=3), kernel.transpose(2, 3), groups=3)
