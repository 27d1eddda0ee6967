"""Features in memory, or on disk: a folder of safetensors files, each whole or absent, never half-written."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from datamodules.dataset import Labels
from datamodules.errors import DataError


@dataclass(frozen=True)
class Shard:
    """Features [V, m, E] of the pictures `indices` [m]; `bad` [m] marks those that could not be read."""

    indices: Labels
    bad: NDArray[np.bool_]
    features: Tensor


class MemoryStore:
    """Features [V, n, E] of pictures, by their index, in this process."""

    def __init__(self) -> None:
        self._made: list[Shard] = []

    def building(self) -> contextlib.AbstractContextManager[None]:
        """Holds the right to build."""
        return contextlib.nullcontext()

    def absent(self, indices: Labels, accept_bad: bool) -> Labels:
        """Those of `indices` [n] that no shard has, sorted; pictures marked bad count as there if accepted."""
        there = [shard.indices[~shard.bad | accept_bad] for shard in self._shards()]
        return np.setdiff1d(indices, np.concatenate([np.empty(0, np.int64), *there]))

    def write(self, shard: Shard) -> None:
        """Adds a shard."""
        self._made.append(shard)

    def read(self, indices: Labels, view: int | None = None) -> tuple[Tensor, Labels]:
        """Features [V, n, E] of the pictures `indices` [n], and which of these are bad, sorted; all must be there.

        With `view` the features are those of one view alone, [1, n, E], and no other is read.
        """
        out: Tensor | None = None
        good = np.zeros(len(indices), dtype=bool)
        for shard in self._shards(view):
            order = np.argsort(shard.indices)
            places = np.searchsorted(shard.indices, indices, sorter=order).clip(max=len(order) - 1)
            rows = order[places]
            here = np.flatnonzero((shard.indices[rows] == indices) & ~good)
            if out is None:
                out = shard.features.new_zeros(shard.features.shape[0], len(indices), shard.features.shape[2])
            out[:, here] = shard.features[:, rows[here]]
            good[here] = ~shard.bad[rows[here]]
        assert out is not None
        return out, np.unique(indices[~good])

    def _shards(self, view: int | None = None) -> Iterator[Shard]:
        """Every shard, or one view of it."""
        for shard in self._made:
            yield shard if view is None else replace(shard, features=shard.features[view : view + 1])


class ShardStore(MemoryStore):
    """The same on disk, under a folder named by the hash of what the features depend on.

    Several processes may read and write at once: files appear whole, and `building` lets one build at a time.
    """

    def __init__(self, cache: Path, about: Mapping[str, object]) -> None:
        text = json.dumps(about, sort_keys=True, indent=1)
        self.folder = cache / hashlib.sha256(text.encode()).hexdigest()[:24]
        self._about = text

    @contextlib.contextmanager
    def building(self) -> Iterator[None]:
        """Holds the right to build; the system takes it back from a process that dies.

        Raises:
            DataError: a full disk or a folder that cannot be written.
        """
        lock = FileLock(self.folder / "lock")
        with self._told():
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        try:
            for left_over in self.folder.glob("*.tmp"):
                left_over.unlink()
            self._write("about.json", self._about.encode())
            yield
        finally:
            lock.release()

    def write(self, shard: Shard) -> None:
        """Adds a shard."""
        indices, bad = torch.from_numpy(shard.indices), torch.from_numpy(shard.bad)
        name = hashlib.sha256(shard.indices.tobytes()).hexdigest()[:24]
        content = save({"indices": indices, "bad": bad, "features": shard.features.contiguous()})
        self._write(f"{name}.safetensors", content)

    def _shards(self, view: int | None = None) -> Iterator[Shard]:
        """Every whole shard, or one view of it; one that was damaged from outside is as good as absent."""
        for path in sorted(self.folder.glob("*.safetensors")):
            try:
                with safe_open(path, framework="pt") as file:
                    indices, bad = file.get_tensor("indices").numpy(), file.get_tensor("bad").numpy()
                    features = (
                        file.get_tensor("features") if view is None else file.get_slice("features")[view : view + 1]
                    )
            except (SafetensorError, OSError):
                continue
            yield Shard(indices, bad, features)

    def _write(self, name: str, content: bytes) -> None:
        temporary = self.folder / f"{name}.{os.getpid()}.tmp"
        try:
            with self._told(), temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.folder / name)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turns the system's errors into one line about the bank."""
        try:
            yield
        except OSError as error:
            raise DataError(
                f"feature bank {self.folder}: {error.strerror or error}; make room or choose another folder for the "
                "bank; what was finished is kept, nothing is half-written"
            ) from error
