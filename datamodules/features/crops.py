"""CoOp's training transform as batched tensor operations: random resized crop, horizontal flip, normalisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from datamodules.dataset import Labels
from datamodules.features.stream import sent
from datamodules.seeds import rng

TRIES = 10
DRAWS = 2 * TRIES + 3
LARGE = 128 * 128


@dataclass(frozen=True)
class Crop:
    """Ranges of a random crop: share of the area, aspect ratio (width / height), whether half of them are flipped.

    Without a `scale` nothing is cropped or flipped: images are transformed as in the evaluation.
    """

    scale: tuple[float, float] | None = (0.08, 1.0)
    ratio: tuple[float, float] = (3 / 4, 4 / 3)
    flip: bool = True


def draws(indices: Labels, seed: int, views: int) -> NDArray[np.float64]:
    """Uniform random numbers [V, n, 23] in [0, 1) for V views of the images `indices` [n].

    Those of view v of an image depend on its index, the seed and v only.

    >>> draws(np.array([3, 0]), seed=1, views=2).shape
    (2, 2, 23)
    """
    numbers = [rng(seed, "views", index).random((views, DRAWS)) for index in indices.tolist()]
    return np.stack(numbers, axis=1) if numbers else np.empty((views, 0, DRAWS))


def boxes(sizes: Labels, numbers: NDArray[np.float64], crop: Crop) -> Labels:
    """Boxes [n, 5] as pixels (top, left, height, width, flipped) in images of `sizes` [n, 2] or [2] (height, width).

    As torchvision's `RandomResizedCrop`: the first of ten boxes of random area and aspect ratio that fits, else the
    largest centred box with an allowed ratio. `numbers` [n, 23] are `draws` of one view.

    >>> sizes = np.array([[40, 60], [60, 40]])
    >>> boxes(sizes, draws(np.arange(2), seed=1, views=1)[0], Crop(scale=(1, 1), ratio=(1, 1), flip=False)).tolist()
    [[0, 10, 40, 40, 0], [10, 0, 40, 40, 0]]
    """
    sizes = np.broadcast_to(sizes, (len(numbers), 2))
    height, width = sizes[:, :1], sizes[:, 1:]
    low, high = crop.scale or (1.0, 1.0)
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
    """Crops boxes `where` [V, B, 5] from `images` [B, 3, H, W] and resizes them to [V, B, 3, size, size], antialiased.

    Equals torchvision's `resized_crop(antialias=True)` on float images, clamped to 0 ... 255 and flipped if the box
    says so. Resampling is separable: two batched matrix products for all boxes at once, except for large images on
    the CPU, where the matrices are mostly zeros and boxes are resized one by one.
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
    """Normalises pixels [..., 3, S, S], 0 to 255, by mean and standard deviation per channel of pixels from 0 to 1.

    >>> normalise(torch.full((1, 3, 1, 1), 255.0), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25)).flatten()
    tensor([2., 2., 2.])
    """
    shift = sent(torch.tensor(mean), pixels.device)[:, None, None] * 255
    scale = sent(torch.tensor(std), pixels.device)[:, None, None] * 255
    return (pixels - shift) / scale


def _centred(sizes: Labels, crop: Crop) -> tuple[Labels, Labels]:
    height, width = sizes[:, 0], sizes[:, 1]
    low, high = crop.ratio
    aspect = width / height
    tall = np.where(aspect < low, np.rint(width / low), height)
    wide = np.where(aspect > high, np.rint(height * high), width)
    return tall.astype(np.int64), wide.astype(np.int64)


def _weights(start: Tensor, length: Tensor, total: int, size: int, interpolation: str) -> Tensor:
    """Weights [n, size, total] of source pixels in target pixels; rows sum to 1 and are 0 outside the box."""
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
    """Keys' cubic kernel with a = -0.5, as in Pillow and torch's antialiased bicubic interpolation."""
    x = x.clamp(max=2)
    return torch.where(x < 1, (1.5 * x - 2.5) * x * x + 1, (1 - x) * (2 - x).square() * 0.5)
