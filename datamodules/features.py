"""The feature bank: every image and every training view goes through the frozen image tower once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import torch
from torch import Tensor

from datamodules.augment import Crop, boxes, draws, normalise, resample
from datamodules.dataset import ImageEncoder, Images, Labels

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")
Progress = Callable[[str, int, int, float], None]
"""Called with what is encoded, pictures done, pictures in all, pictures per second."""


class FeatureBank:
    """Unit features of images from one frozen image tower, on `device` while they are made, on the CPU after that."""

    def __init__(
        self,
        encoder: ImageEncoder,
        cache: Path | None = None,
        device: torch.device | str = "cpu",
        batch_size: int = 256,
        progress: Progress | None = None,
    ) -> None:
        self.encoder = encoder
        self.cache = cache
        self.device = torch.device(device)
        self.batch_size = batch_size
        self.progress = progress

    def plain(self, images: Images) -> Tensor:
        """Features [n, E] of all images under the tower's own test transform."""
        indices = np.arange(len(images))
        start, done, parts = perf_counter(), 0, []
        for block in _blocks(indices, self.batch_size):
            pixels = torch.stack(self._decode(images, block, self.encoder.preprocess))
            parts.append(self._encode(pixels))
            done += len(block)
            self._report("images", done, len(indices), start)
        return torch.cat(parts)

    def views(self, images: Images, indices: Labels, seed: int, views: int, crop: Crop) -> Tensor:
        """Features [V, n, E] of `views` random crops of each of the images `indices` [n].

        View v of an image depends on the image, its index, the seed and v only.
        """
        start, done, parts = perf_counter(), 0, []
        numbers = np.stack([draws(indices, seed, view) for view in range(views)])
        for rows in _blocks(np.arange(len(indices)), max(1, self.batch_size // views)):
            pictures = self._decode(images, indices[rows], _pixels)
            pixels = self._crops(pictures, numbers[:, rows], crop)
            features = [self._encode(batch) for batch in torch.split(pixels.flatten(0, 1), self.batch_size)]
            parts.append(torch.cat(features).reshape(views, len(rows), -1))
            done += views * len(rows)
            self._report("views", done, views * len(indices), start)
        return torch.cat(parts, 1)

    def _crops(self, pictures: list[Tensor], numbers: np.ndarray, crop: Crop) -> Tensor:
        """Normalised crops [V, n, 3, S, S] of n decoded pictures; `numbers` is [V, n, 23]."""
        prep = self.encoder.preprocess
        out = torch.empty(len(numbers), len(pictures), 3, prep.size, prep.size, device=self.device)
        groups: dict[torch.Size, list[int]] = {}
        for row, picture in enumerate(pictures):
            groups.setdefault(picture.shape, []).append(row)
        for shape, rows in groups.items():
            same = torch.stack([pictures[row] for row in rows]).to(self.device)
            sizes = np.tile(np.array(shape[1:]), (len(rows), 1))
            where = torch.from_numpy(np.stack([boxes(sizes, uniform[rows], crop) for uniform in numbers]))
            out[:, rows] = resample(same, where.to(self.device), prep.size, prep.interpolation)
        return normalise(out, prep.mean, prep.std)

    def _encode(self, pixels: Tensor) -> Tensor:
        with torch.no_grad():
            return self.encoder.encode_images(pixels.to(self.device)).float().cpu()

    def _decode(self, images: Images, indices: Labels, transform: Callable[[Image], T]) -> list[T]:
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda index: transform(images[index]), indices.tolist()))

    def _report(self, what: str, done: int, total: int, start: float) -> None:
        if self.progress is not None:
            self.progress(what, done, total, done / max(perf_counter() - start, 1e-9))


def _pixels(image: Image) -> Tensor:
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)


def _blocks(items: Sequence[int] | Labels, size: int) -> Iterator[Labels]:
    array = np.asarray(items)
    return (array[first : first + size] for first in range(0, len(array), size))
