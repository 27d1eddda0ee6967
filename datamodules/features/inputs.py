"""Inputs of the image tower: images under the evaluation transform, or random crops of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.dataset import Images, Labels, Preprocess
from datamodules.decoding import is_constant
from datamodules.errors import CorruptImage
from datamodules.features.crops import DRAWS, Crop, boxes, draws, normalise, resample
from datamodules.features.stream import decoded, sent

if TYPE_CHECKING:
    from PIL.Image import Image


NAMED = 3
"""Pictures that a message names."""


@dataclass
class Inputs:
    """Reads images and transforms them to inputs of the tower.

    After an unreadable image all others are only looked at, and CorruptImage counts those that cannot be read. With
    `skip_bad` they are replaced by zeros. `bad` gets their indices, `constant`, if given, those of one colour.
    """

    images: Images
    preprocess: Preprocess
    skip_bad: bool
    bad: set[int] = field(default_factory=set)
    constant: set[int] | None = None

    def plain(self, indices: Labels) -> Iterator[Tensor]:
        """Yields pixels [1, 3, S, S] of each of the images `indices` [n] under the evaluation transform."""
        blank = torch.zeros(3, self.preprocess.size, self.preprocess.size)
        for pixels in self._pictures(indices, self.preprocess):
            yield (blank if pixels is None else pixels)[None]

    def crops(
        self, indices: Labels, seed: int, views: int, crop: Crop, together: int, device: torch.device
    ) -> Iterator[Tensor]:
        """Yields pixels [n V, 3, S, S] of random crops, n = `together` images at a time, views of an image in a row."""
        block: list[Tensor] = []
        for row, picture in enumerate(self._pictures(indices, to_pixels)):
            block.append(torch.zeros(3, 1, 1, dtype=torch.uint8) if picture is None else picture)
            if len(block) == together or row == len(indices) - 1:
                numbers = draws(indices[row + 1 - len(block) : row + 1], seed, views)
                yield crops_of(block, numbers, crop, self.preprocess, device).transpose(0, 1).flatten(0, 1)
                block = []

    def crop(self, indices: Labels, numbers: NDArray[np.float64], crop: Crop, device: torch.device) -> Tensor:
        """Pixels [n, 3, S, S] of one random crop of each image of `indices` [n]; `numbers` [n, 23] are its `draws`."""
        if crop.scale is None:
            return sent(torch.cat(list(self.plain(indices))), device)
        blank = torch.zeros(3, 1, 1, dtype=torch.uint8)
        pictures = [blank if picture is None else picture for picture in self._pictures(indices, to_pixels)]
        return crops_of(pictures, numbers[None], crop, self.preprocess, device)[0]

    def _pictures(self, indices: Labels, transform: Callable[[Image], Tensor]) -> Iterator[Tensor | None]:
        """Yields transformed images in order, None for one that cannot be read."""

        def read(index: int) -> Tensor | CorruptImage:
            try:
                picture = self.images[index]
                if self.constant is not None and is_constant(picture):
                    self.constant.add(index)
                return transform(picture)
            except CorruptImage as error:
                return error

        causes: list[CorruptImage] = []
        for index, picture in zip(indices.tolist(), decoded(read, indices.tolist()), strict=True):
            if isinstance(picture, CorruptImage):
                self.bad.add(index)
                causes.append(picture)
            if self.skip_bad or not causes:
                yield None if isinstance(picture, CorruptImage) else picture
        if causes and not self.skip_bad:
            names = ", ".join(map(self.images.describe, sorted(self.bad)[1:NAMED])) + " ..." * (len(causes) > NAMED)
            more = f"; {len(causes)} cannot be read, also {names}" if names else ""
            raise CorruptImage(f"{causes[0]}{more}; --skip_bad_images leaves such pictures out") from causes[0]


def crops_of(
    pictures: list[Tensor], numbers: np.ndarray, crop: Crop, preprocess: Preprocess, device: torch.device
) -> Tensor:
    """Normalised crops [V, n, 3, S, S] of n images [3, h, w] of any size; `numbers` [V, n, 23] are `draws`."""
    size = preprocess.size
    out = torch.empty(len(numbers), len(pictures), 3, size, size, device=device)
    groups: dict[torch.Size, list[int]] = {}
    for row, picture in enumerate(pictures):
        groups.setdefault(picture.shape, []).append(row)
    for shape, rows in groups.items():
        same = sent(torch.stack([pictures[row] for row in rows]), device)
        where = boxes(np.asarray(shape[1:]), numbers[:, rows].reshape(-1, DRAWS), crop)
        where = where.reshape(len(numbers), len(rows), -1)
        crops = resample(same, sent(torch.from_numpy(where), device), size, preprocess.interpolation)
        out[:, sent(torch.tensor(rows), device)] = crops
    return normalise(out, preprocess.mean, preprocess.std)


def to_pixels(image: Image) -> Tensor:
    """Pixels [3, h, w], uint8, of an image."""
    return torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1)
