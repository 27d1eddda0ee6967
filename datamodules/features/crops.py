"""CoOp's training transform as tensor operations: random resized crop, flip and normalisation of decoded images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from datamodules.dataset import Labels
from datamodules.seeds import rng

TRIES = 10
DRAWS = 2 * TRIES + 3
LARGE = 128 * 128


@dataclass(frozen=True)
class Crop:
    """What a training view may be: share of the area, aspect ratio (width / height), whether it may be mirrored."""

    scale: tuple[float, float] = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: bool = True


def draws(indices: Labels, seed: int, views: int) -> NDArray[np.float64]:
    """Uniform numbers [V, n, 23] in [0, 1) for the views of the images `indices` [n].

    View v of an image depends on its index, the seed and v, never on which other images or views are asked for.
    """
    numbers = [rng(seed, "views", index).random((views, DRAWS)) for index in indices.tolist()]
    return np.stack(numbers, axis=1) if numbers else np.empty((views, 0, DRAWS))


def boxes(sizes: Labels, numbers: NDArray[np.float64], crop: Crop) -> Labels:
    """Boxes [n, 5] as (top, left, height, width, mirrored) in images of `sizes` [n, 2] as (height, width).

    torchvision's rule for `RandomResizedCrop`: ten tries of area and aspect ratio, the first box that fits, else the
    largest centred box whose ratio is allowed. `numbers` [n, 23] comes from `draws`.
    """
    height, width = sizes[:, :1], sizes[:, 1:]
    low, high = crop.scale
    area = height * width * (low + (high - low) * numbers[:, :TRIES])
    log_low, log_high = np.log(crop.ratio)
    aspect = np.exp(log_low + (log_high - log_low) * numbers[:, TRIES : 2 * TRIES])
    wide = np.rint(np.sqrt(area * aspect)).astype(np.int64)
    tall = np.rint(np.sqrt(area / aspect)).astype(np.int64)
    fits = (wide > 0) & (wide <= width) & (tall > 0) & (tall <= height)
    first = np.argmax(fits, axis=1)[:, None]
    found = fits.any(axis=1)
    rest_tall, rest_wide = _centred(sizes, crop)
    h = np.where(found, np.take_along_axis(tall, first, 1)[:, 0], rest_tall)
    w = np.where(found, np.take_along_axis(wide, first, 1)[:, 0], rest_wide)
    room = sizes - np.stack([h, w], 1)
    corner = np.where(found[:, None], (numbers[:, -3:-1] * (room + 1)).astype(np.int64), room // 2)
    mirrored = (numbers[:, -1] < 0.5) & crop.flip
    return np.column_stack([corner, h, w, mirrored]).astype(np.int64)


def resample(images: Tensor, where: Tensor, size: int, interpolation: str = "bicubic") -> Tensor:
    """Cut boxes `where` [V, B, 5] out of `images` [B, 3, H, W] and resize them to [V, B, 3, size, size], antialiased.

    Equals torchvision's `resized_crop(antialias=True)` on float images, cut off to 0 ... 255, then mirrored where
    asked for. Resampling is separable: two batched matrix products for all boxes at once, except for large pictures
    on the CPU, where matrices that are mostly zeros cost more than they save.
    """
    if images.device.type == "cpu" and images.shape[2] * images.shape[3] > LARGE:
        return _resample_one_by_one(images, where, size, interpolation)
    (views, batch), (height, width) = where.shape[:2], images.shape[2:]
    top, left, tall, wide, mirrored = where.flatten(0, 1).unbind(1)
    rows = _weights(top, tall, height, size, interpolation)
    columns = _weights(left, wide, width, size, interpolation)
    columns = torch.where(mirrored.bool()[:, None, None], columns.flip(1), columns)
    columns = columns.reshape(views, batch, size, width).permute(1, 3, 0, 2).reshape(batch, width, views * size)
    narrow = images.float().flatten(1, 2).bmm(columns).reshape(batch, 3, height, views, size)
    narrow = narrow.permute(3, 0, 2, 1, 4).reshape(views * batch, height, 3 * size)
    out = rows.bmm(narrow).reshape(views, batch, size, 3, size).permute(0, 1, 3, 2, 4)
    return out.clamp(0, 255)


def _resample_one_by_one(images: Tensor, where: Tensor, size: int, interpolation: str) -> Tensor:
    out = torch.empty(*where.shape[:2], 3, size, size)
    for view, row in np.ndindex(*where.shape[:2]):
        top, left, height, width, mirrored = where[view, row].tolist()
        box = images[row : row + 1, :, top : top + height, left : left + width].float()
        resized = interpolate(box, (size, size), mode=interpolation, antialias=True)[0]
        out[view, row] = resized.flip(2) if mirrored else resized
    return out.clamp_(0, 255)


def normalise(pixels: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Pixels [B, 3, S, S] from 0 ... 255 to the range that the image tower was trained on."""
    shift = torch.tensor(mean, device=pixels.device)[:, None, None] * 255
    scale = torch.tensor(std, device=pixels.device)[:, None, None] * 255
    return (pixels - shift) / scale


def _centred(sizes: Labels, crop: Crop) -> tuple[Labels, Labels]:
    height, width = sizes[:, 0], sizes[:, 1]
    low, high = crop.ratio
    aspect = width / height
    tall = np.where(aspect < low, np.rint(width / low), height)
    wide = np.where(aspect > high, np.rint(height * high), width)
    return tall.astype(np.int64), wide.astype(np.int64)


def _weights(start: Tensor, length: Tensor, total: int, size: int, interpolation: str) -> Tensor:
    """Weights [n, size, total] of every source pixel in every target pixel; rows sum to 1, 0 outside the box."""
    step = (length.double() / size)[:, None]
    reach = step.clamp(min=1)
    pixel = torch.arange(total, device=start.device) + 0.5 - start[:, None]
    target = step * (torch.arange(size, device=start.device) + 0.5)
    x = ((pixel / reach).float()[:, None, :] - (target / reach).float()[:, :, None]).abs()
    weights = _cubic(x) if interpolation == "bicubic" else (1 - x).clamp(min=0)
    inside = (pixel > 0) & (pixel < length[:, None])
    weights = weights * inside[:, None]
    return weights / weights.sum(2, keepdim=True)


def _cubic(x: Tensor) -> Tensor:
    """Keys' kernel with a = -0.5, as Pillow and torch's antialiased bicubic interpolation use it."""
    x = x.clamp(max=2)
    return torch.where(x < 1, (1.5 * x - 2.5) * x * x + 1, (1 - x) * (2 - x).square() * 0.5)
