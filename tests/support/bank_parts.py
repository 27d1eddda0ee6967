"""Pictures and a small tower for tests of the feature bank; run as a program, it builds a bank."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from datamodules.dataset import Images, Labels
from datamodules.errors import CorruptImage
from datamodules.features import bank as features
from datamodules.features.bank import FeatureBank
from datamodules.features.crops import Crop


class Pictures:
    def __init__(self, n: int, size: tuple[int, int] = (12, 16), vary: bool = False, bad: Sequence[int] = ()) -> None:
        source = np.random.default_rng(0)
        shapes = [(size[0] + vary * (i % 3), size[1], 3) for i in range(n)]
        self.arrays = [source.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]
        self.bad = bad
        self.fingerprint = f"pictures-{n}-{size}-{vary}"

    def __len__(self) -> int:
        return len(self.arrays)

    def __getitem__(self, index: int, /) -> Image.Image:
        if index in self.bad:
            raise CorruptImage(f"{self.describe(index)} cannot be read as a picture: truncated")
        return Image.fromarray(self.arrays[index])

    def describe(self, index: int) -> str:
        return f"/data/picture_{index}.png"


class Prep:
    size, interpolation = 8, "bicubic"
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.25, 0.25, 0.25)

    def __call__(self, image: Image.Image) -> Tensor:
        pixels = torch.from_numpy(np.array(image.resize((8, 8), Image.Resampling.BICUBIC))).permute(2, 0, 1)
        return (pixels / 255 - 0.5) / 0.25


class Encoder:
    """A linear tower that counts the pictures it sees and kills its process after `lives` batches."""

    def __init__(self, identity: str = "linear", lives: int | None = None) -> None:
        self.preprocess = Prep()
        self.identity = identity
        self.seen = 0
        self.lives = lives
        self.weight = torch.randn(192, 6, generator=torch.Generator().manual_seed(0))

    def encode_images(self, pixels: Tensor) -> Tensor:
        self.seen += len(pixels)
        if self.lives is not None:
            self.lives -= 1
            if self.lives < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return torch.nn.functional.normalize(pixels.flatten(1) @ self.weight, dim=-1)


def build(cache: Path | None, encoder: Encoder, n: int = 40, views: int = 4, batch_size: int = 8) -> Tensor:
    bank = FeatureBank(encoder, cache, batch_size=batch_size)
    return all_views(bank, Pictures(n), np.arange(n), seed=1, views=views, crop=Crop())


def all_views(bank: FeatureBank, images: Images, indices: Labels, seed: int, views: int, crop: Crop) -> Tensor:
    """Features [V, n, E]."""
    view = bank.views(images, indices, seed, views, crop)
    return torch.stack([view(number) for number in range(views)])


if __name__ == "__main__":
    features.SHARD = 32
    tower = Encoder(lives=int(sys.argv[2]) if sys.argv[2] else None)
    build(Path(sys.argv[1]), tower)
    sys.stdout.write(str(tower.seen))
