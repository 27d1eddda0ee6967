"""A file of the feature bank: features of some pictures, with a checksum of each view."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from datamodules import reading
from datamodules.dataset import Labels


class Damaged(Exception):
    """A shard whose content is not what was written."""


@dataclass(frozen=True)
class Shard:
    """Features [V, m, E] of the pictures `indices` [m]; `bad` [m] marks those that could not be read."""

    indices: Labels
    bad: NDArray[np.bool_]
    features: Tensor


def to_bytes(shard: Shard) -> bytes:
    """The content of a shard's file.

    `sums` [V + 1] holds the CRC-32 of each view, so that one can be checked without reading the others, and last that
    of everything else. A CRC finds flipped bits and lost blocks, at four times the speed of a SHA-256; nobody is kept
    from forging it.
    """
    features = shard.features.contiguous()
    views = torch.tensor([checksum(view) for view in features], dtype=torch.int64)
    about = {"indices": torch.from_numpy(shard.indices), "bad": torch.from_numpy(shard.bad)}
    sums = torch.cat([views, torch.tensor([checksum(*about.values(), views)])])
    return bytes(save({**about, "features": features, "sums": sums}))


def open_shard(path: Path, view: int | None = None, names_only: bool = False) -> Shard:
    """The shard in a file; with `view` the features are of that view alone, with `names_only` of none.

    Only what is returned is read and checked.

    Raises Damaged: The content is not what was written. Raises OSError: The file cannot be read.
    """
    reading.check(path, reading.TENSORS)
    try:
        with safe_open(path, framework="pt") as file:
            indices, bad, sums = (file.get_tensor(name) for name in ("indices", "bad", "sums"))
            part = file.get_slice("features")
            if part.get_shape()[:2] != [len(sums) - 1, len(indices)] or len(bad) != len(indices):
                raise Damaged("it has fewer rows than pictures")
            if checksum(indices, bad, sums[:-1]) != int(sums[-1]):
                raise Damaged("its list of pictures was changed")
            chosen = slice(0) if names_only else slice(view, None if view is None else view + 1)
            features = file.get_tensor("features") if chosen == slice(None) else part[chosen]
    except SafetensorError as error:
        raise Damaged(str(error)) from error
    for own, sum_ in zip(features, sums[:-1][chosen].tolist(), strict=True):
        if checksum(own) != sum_:
            raise Damaged("its features were changed")
    return Shard(indices.numpy(), bad.numpy(), features)


def checksum(*tensors: Tensor) -> int:
    """CRC-32 of types, shapes and values."""
    found = 0
    for tensor in tensors:
        found = zlib.crc32(f"{tensor.dtype}{tuple(tensor.shape)}".encode(), found)
        found = zlib.crc32(tensor.contiguous().numpy().data, found)
    return found
