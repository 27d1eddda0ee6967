"""Renderer of scenes: images are determined by the scenes and the generator.

In float64 the bytes do not depend on the machine, unless a difference in the last digit of a sine changes a rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from datamodules.synthetic.scene import REACH, SIZE, Floats, Scenes

Column = Callable[[NDArray[np.float64] | NDArray[np.int64]], Tensor]
_SURFACES: dict[int, Callable[[Tensor, Tensor], Tensor]] = {
    1: lambda u, v: (6 * u).sin() > 0,
    2: lambda u, v: ((6 * u).sin() * (6 * v).sin()).abs() > 0.4,
    3: lambda u, v: (6 * u).sin() * (6 * v).sin() > 0,
    4: lambda u, v: (0.5 + 0.6 * v).clamp(0, 1),
}


def paint(scenes: Scenes, bank: Tensor, rng: np.random.Generator) -> Tensor:
    """Renders images [B, 3, 32, 32], 0 to 1, in the dtype of `bank` [M, S, S], the signed distances of all figures."""
    dtype = bank.dtype

    def number(values: NDArray[np.float64] | NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(np.asarray(values, np.float64)).to(dtype)[:, None, None]

    u, v = _figure_coordinates(scenes, number)
    cover, tone = _figure(scenes, bank, u, v, number)
    ground = torch.from_numpy(scenes.ground).to(dtype)[:, :, None, None] * _ground_tone(scenes, rng, number)
    ink = torch.from_numpy(scenes.ink).to(dtype)[:, :, None, None] * tone[:, None]
    specks = _specks(scenes, rng, dtype)
    ground = torch.lerp(ground, 1 - ink, specks[:, None] * 0.5)
    picture = torch.lerp(ground, ink, cover[:, None])
    return _lens(picture, scenes, rng)


def _axes(dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    axis = (torch.arange(SIZE, dtype=dtype) + 0.5) * (2 / SIZE) - 1
    y, x = torch.meshgrid(-axis, axis, indexing="ij")
    return x[None], y[None]


def _figure_coordinates(scenes: Scenes, number: Column) -> tuple[Tensor, Tensor]:
    """Coordinates of each pixel in its figure's coordinate system, two tensors [B, 32, 32]."""
    turn = number(scenes.angle) * (pi / 180)
    x, y = _axes(turn.dtype)
    x, y = (x - number(scenes.x)) / number(scenes.size), (y - number(scenes.y)) / number(scenes.size)
    u, v = turn.cos() * x + turn.sin() * y, turn.cos() * y - turn.sin() * x
    stretch = number(scenes.stretch)
    u, v = (u - number(scenes.slant) * v) / stretch, v * stretch
    wobble, phase = number(scenes.wobble), number(scenes.phase)
    return u + wobble * (4 * v + phase).sin(), v + wobble * (4 * u + 2 * phase).sin()


def _figure(scenes: Scenes, bank: Tensor, u: Tensor, v: Tensor, number: Column) -> tuple[Tensor, Tensor]:
    """Coverage of each pixel by the figure, 0 to 1, and brightness of its pattern, two tensors [B, 32, 32]."""
    figures = bank[torch.from_numpy(scenes.figure)][:, None]
    where = torch.stack((u, -v), -1) / REACH
    distance = F.grid_sample(figures, where, padding_mode="border", align_corners=False)[:, 0]
    distance = distance - number(scenes.bold)
    distance = torch.where(number(scenes.hollow) > 0, (distance + 0.1).abs() - 0.12, distance)
    cover = (0.5 - distance * number(scenes.size) * (SIZE / 2)).clamp(0, 1)
    return cover, _pattern(torch.from_numpy(scenes.pattern), u, v)


def _pattern(kind: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Brightness [B, 32, 32] of the figures' patterns, at points in figure coordinates."""
    tone = torch.ones_like(u)
    for index, surface in _SURFACES.items():
        rows = kind == index
        tone[rows] = 0.45 + 0.55 * surface(u[rows], v[rows]).to(u.dtype)
    return tone


def _ground_tone(scenes: Scenes, rng: np.random.Generator, number: Column) -> Tensor:
    """Brightness [B, 3, 32, 32] of the ground, about 1."""
    kind, phase = torch.from_numpy(scenes.backdrop), number(scenes.phase)
    x, y = _axes(phase.dtype)
    slope = phase.cos() * x + phase.sin() * y
    gradient, lines = 0.8 + 0.3 * slope, 0.85 + 0.2 * (slope * number(scenes.pitch)).sin().sign()
    flat = torch.where((kind == 1)[:, None, None], gradient, torch.where((kind == 2)[:, None, None], lines, 1.0))
    tone = flat[:, None].repeat(1, 3, 1, 1)
    cloudy = kind == 3
    chance = torch.from_numpy(rng.random((int(cloudy.sum()), 3, 6, 6))).to(tone.dtype)
    tone[cloudy] = 0.5 + 0.8 * F.interpolate(chance, size=(SIZE, SIZE), mode="bilinear", align_corners=False)
    return tone


def _specks(scenes: Scenes, rng: np.random.Generator, dtype: torch.dtype) -> Tensor:
    """Coverage [B, 32, 32] of each pixel by small discs, 0 to 1."""
    cover = torch.zeros(len(scenes), SIZE, SIZE, dtype=dtype)
    x, y = _axes(dtype)
    for speck in range(4):
        rows = torch.from_numpy(scenes.clutter > speck)
        place = torch.from_numpy(rng.random((3, int(rows.sum()), 1, 1))).to(dtype)
        distance = ((x - 2 * place[0] + 1) ** 2 + (y - 2 * place[1] + 1) ** 2).sqrt()
        disc = ((0.06 + 0.14 * place[2] - distance) * (SIZE / 2) + 0.5).clamp(0, 1)
        cover[rows] = torch.maximum(cover[rows], disc)
    return cover


def _lens(picture: Tensor, scenes: Scenes, rng: np.random.Generator) -> Tensor:
    """Images [B, 3, 32, 32] with the scenes' fade, light, blur, coarse pixels and grain."""
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
    steps = torch.arange(-4, 5, dtype=picture.dtype)
    kernel = (-(steps**2) / (2 * width**2)).exp()
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, 9)
    padded = F.pad(picture, (4, 4, 4, 4), mode="replicate")
    return F.conv2d(F.conv2d(padded, kernel, groups=3), kernel.transpose(2, 3), groups=3)
